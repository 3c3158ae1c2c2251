import type { KafkaConnection } from "./kafka-client.ts";
import { SourceError } from "./source.ts";

/** The last thing that went wrong inside of what was thrown, as far as a person can use it. */
export function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/**
 * What keeps the brokers from talking to us, where kafkajs's error tells: null when it does not. These stay as they are
 * until somebody mends them, but for `passing` ones.
 */
export function explainRefusal(settings: KafkaConnection, cause: unknown): { reason: SourceError; passing: boolean } | null {
  const where = `Kafka at ${settings.brokers.join(", ")}`;
  const found = chainOf(cause);
  const says = (message: string, hint: string, passing = false) => ({ reason: new SourceError(message, hint, { cause }), passing });

  const token = found.find(({ message }) => message.startsWith("the token endpoint"));
  if (token)
    return says(
      `No token for Kafka: ${token.message}.`,
      "Check kafka.sasl.token_url, client_id, client_secret and scope.",
      found.some(({ name }) => name === "KafkaJSConnectionError"),
    );
  const login = found.find(({ name, type }) => name === "KafkaJSSASLAuthenticationError" || type === "UNSUPPORTED_SASL_MECHANISM");
  if (login) return says(...explainLogin(settings, where, login.message));
  if (found.some(({ type }) => type === "ILLEGAL_SASL_STATE"))
    return says(`${where} does not take logins on this port.`, "Use the port of a SASL listener, or remove kafka.sasl.");

  const codes = found.map(({ code }) => code);
  const has = (pattern: RegExp) => codes.some((code) => pattern.test(code));
  const detail = found.at(-1)?.message.replace(/^Connection error: /, "") ?? "";
  if (has(/^ERR_TLS_CERT_ALTNAME_INVALID$/))
    return says(
      `The certificate of ${where} is for another name: ${detail}`,
      "Reach the broker by a name in its certificate, or give that name as kafka.ssl.server_name.",
    );
  if (has(/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/))
    return says(`The certificate of ${where} is out of date: ${detail}.`, "Renew it, or set this machine's clock right.");
  if (has(/^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO|CERT_)/))
    return says(
      `The certificate of ${where} was issued by nobody known here: ${detail}.`,
      "Name the certificate of the authority that issued it in kafka.ssl.ca_file.",
    );
  if (has(/^ERR_SSL_\w*ALERT\w*(CERTIFICATE|UNKNOWN_CA)/))
    return says(
      `${where} does not accept this client's certificate.`,
      "Give kafka.ssl.cert_file and kafka.ssl.key_file, of a certificate that an authority the broker trusts has issued.",
    );
  if (has(/^ERR_SSL_WRONG_VERSION_NUMBER$/) || /before secure TLS connection/.test(detail))
    return says(`${where} speaks no TLS on this port.`, "Use the port of a TLS listener, or remove kafka.ssl.", true);
  if (found.some(({ name }) => name === "KafkaJSConnectionClosedError"))
    return says(
      `${where} closes every connection.`,
      settings.ssl === undefined
        ? "A TLS listener does that to those who speak plain: set kafka.ssl. One with SASL does it to those who do not log in: set kafka.sasl."
        : "A SASL listener does that to those who do not log in: set kafka.sasl.",
      true,
    );
  return null;
}

function explainLogin({ sasl }: KafkaConnection, where: string, message: string): [message: string, hint: string] {
  const mechanism = sasl?.mechanism ?? "SASL";
  if (/mechanism/.test(message) && /not support/.test(message))
    return [`${where} does not offer ${mechanism}.`, "Set kafka.sasl.mechanism to one its listener has in sasl.enabled.mechanisms."];
  const detail = message.replace(/^SASL .*?authentication failed: /, "").replace(/^Authentication failed: /, "");
  if (sasl?.mechanism !== "OAUTHBEARER")
    return [
      `${where} refuses the login of ${sasl?.username ?? "this client"} with ${mechanism}: ${detail}.`,
      "Check kafka.sasl.username and kafka.sasl.password; for SCRAM, the user must have a password for this very mechanism.",
    ];
  return [
    `${where} refuses the token: ${detail}`,
    "Check that issuer, audience and scope are what the broker expects, and that the clocks agree.",
  ];
}

type Link = { readonly name: string; readonly message: string; readonly type: string; readonly code: string };

function chainOf(cause: unknown): Link[] {
  const chain: Link[] = [];
  for (let at = cause; at instanceof Error; at = at.cause) {
    const { type, code } = at as { type?: unknown; code?: unknown };
    chain.push({
      name: at.name,
      message: at.message,
      type: typeof type === "string" ? type : "",
      code: typeof code === "string" ? code : "",
    });
  }
  return chain;
}

/** Whether a topic is missing is what `cause` says. */
export function isUnknownTopic(cause: unknown): boolean {
  return chainOf(cause).some(({ type }) => type === "UNKNOWN_TOPIC_OR_PARTITION");
}

/** What a person can do about an error that ended the consumer. */
export function hintOf(cause: unknown): string {
  for (let at = cause; at instanceof Error; at = at.cause) {
    const { hint } = at as { hint?: unknown };
    if (typeof hint === "string") return hint;
  }
  return "Restart the program once the cause is mended; reading goes on from the last commit.";
}
