import type { KafkaConfig } from "kafkajs";
import type { KafkaSasl, KafkaSettings, KafkaSsl } from "../model/settings.ts";
import { createTokens } from "./oauth-token.ts";

type Mechanism = Extract<KafkaConfig["sasl"], { readonly authenticationProvider: unknown }>;

/** The part of a kafkajs client's configuration that is about who may read along, and who one is. */
export function securityOf({ ssl, sasl }: Pick<KafkaSettings, "ssl" | "sasl">): Pick<KafkaConfig, "ssl" | "sasl"> {
  return { ...(ssl ? { ssl: tlsOf(ssl) } : {}), ...(sasl ? { sasl: saslOf(sasl) } : {}) };
}

function tlsOf({ ca, cert, key, passphrase, serverName }: KafkaSsl) {
  return {
    // Said explicitly: a variable of the environment would turn it off otherwise.
    rejectUnauthorized: true,
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    ...(passphrase === null ? {} : { passphrase }),
    ...(serverName === null ? {} : { servername: serverName }),
  };
}

function saslOf(sasl: KafkaSasl): NonNullable<KafkaConfig["sasl"]> {
  if (sasl.mechanism === "OAUTHBEARER") return bearer(createTokens(sasl));
  const { username, password } = sasl;
  if (sasl.mechanism === "PLAIN") return { mechanism: "plain", username, password };
  return sasl.mechanism === "SCRAM-SHA-256"
    ? { mechanism: "scram-sha-256", username, password }
    : { mechanism: "scram-sha-512", username, password };
}

/**
 * OAUTHBEARER (RFC 7628) by our own hand: kafkajs takes a refusal, which comes as an answer and not as an error, for a
 * success, and the connection then ends without a reason.
 */
function bearer(tokens: () => Promise<string>): Mechanism {
  return {
    mechanism: "OAUTHBEARER",
    authenticationProvider: ({ saslAuthenticate }) => ({
      async authenticate() {
        try {
          const refusal = await saslAuthenticate({
            request: { encode: async () => withLength(`n,,\u0001auth=Bearer ${await tokens()}\u0001\u0001`) },
            response: { decode: async (data: Buffer) => data, parse: async (data: Buffer) => data.subarray(4).toString() },
          });
          if (typeof refusal === "string" && refusal !== "") throw new Error(refusal);
        } catch (cause) {
          const message = cause instanceof Error ? cause.message : String(cause);
          // kafkajs goes by the name: after one it makes a new connection and tries again, after the other it does not.
          const passing = (cause as { retriable?: unknown }).retriable === true;
          throw Object.assign(new Error(`SASL OAUTHBEARER authentication failed: ${message}`, { cause }), {
            name: passing ? "KafkaJSConnectionError" : "KafkaJSSASLAuthenticationError",
            retriable: passing,
          });
        }
      },
    }),
  };
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
