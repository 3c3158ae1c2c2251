import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { PASSWORD_MECHANISMS, type KafkaSasl, type KafkaSsl } from "../model/settings.ts";
import { didYouMean } from "../model/did-you-mean.ts";
import type { Document } from "./document.ts";
import { isMapping, readPart, reportType, valueAt } from "./read-part.ts";
import { readNamedFile, readSecret, type Surroundings } from "./read-secret.ts";
import { kafkaSecuritySchemas } from "./schema.ts";

const SSL = ["kafka", "ssl"];
const SASL = ["kafka", "sasl"];

/** Null without TLS; undefined when there is a problem. */
export function readKafkaSsl(document: Document, surroundings: Surroundings): KafkaSsl | null | undefined {
  const raw = valueAt(document.data, SSL);
  if (raw === undefined) return null;
  if (!isMapping(raw)) {
    const wanted = readPart(document, kafkaSecuritySchemas.flag, SSL);
    if (wanted === undefined) return undefined;
    return wanted ? { ca: null, cert: null, key: null, passphrase: null, serverName: null } : null;
  }
  const ssl = readPart(document, kafkaSecuritySchemas.ssl, SSL);
  if (!ssl) return undefined;
  const read = (key: "ca_file" | "cert_file" | "key_file", what: string) => {
    const file = ssl[key];
    return file === undefined ? null : readNamedFile(document, surroundings, [...SSL, key], file, what);
  };
  const ca = read("ca_file", "certificate of the authority, as PEM,");
  const cert = read("cert_file", "certificate of this client, as PEM,");
  const key = read("key_file", "private key of this client, as PEM,");
  const passphrase = readSecret(document, surroundings, SSL, "passphrase", ssl);
  if ((ssl.cert_file === undefined) !== (ssl.key_file === undefined)) {
    document.report(SSL, "`cert_file` and `key_file` go together", "give both, or neither");
    return undefined;
  }
  if (ca === undefined || cert === undefined || key === undefined || passphrase === undefined) return undefined;
  const settings = { ca, cert, key, passphrase, serverName: ssl.server_name ?? null };
  return isUsable(document, settings) ? settings : undefined;
}

/** Asked of the TLS library itself, so that a mistake shows before there is a connection to make. */
function isUsable(document: Document, { ca, cert, key, passphrase }: KafkaSsl): boolean {
  for (const [name, pem] of [["ca_file", ca] as const, ["cert_file", cert] as const]) {
    if (pem === null || attempt(() => new X509Certificate(pem)) === null) continue;
    document.report([...SSL, name], "the file holds no certificate", "it starts with -----BEGIN CERTIFICATE-----");
    return false;
  }
  if (cert === null || key === null) return true;
  const code = attempt(() => createSecureContext({ cert, key, ...(passphrase === null ? {} : { passphrase }) }));
  if (code === null) return true;
  if (/MISMATCH/.test(code)) {
    document.report(
      [...SSL, "key_file"],
      "this is not the key of the certificate in `cert_file`",
      "give the two files that belong together",
    );
  } else if (/DECRYPT|PASS|INTERRUPTED|CANCELLED/.test(code)) {
    const hint = passphrase === null ? "add `passphrase` or `passphrase_file`" : "check kafka.ssl.passphrase";
    document.report([...SSL, "key_file"], "the key is encrypted, and cannot be opened", hint);
  } else {
    document.report([...SSL, "key_file"], "the file holds no private key", "it starts with -----BEGIN PRIVATE KEY----- or the like");
  }
  return false;
}

/** The code of what is thrown, or null. */
function attempt(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

/** Null where nobody logs in; undefined when there is a problem. */
export function readKafkaSasl(document: Document, surroundings: Surroundings): KafkaSasl | null | undefined {
  const raw = valueAt(document.data, SASL);
  if (raw === undefined) return null;
  if (!isMapping(raw)) {
    reportType(document, SASL, "object", raw);
    return undefined;
  }
  if (raw["mechanism"] === "OAUTHBEARER") {
    const sasl = readPart(document, kafkaSecuritySchemas.sasl.token, SASL);
    const secret = sasl && readSecret(document, surroundings, SASL, "client_secret", sasl);
    if (secret === null)
      document.report(SASL, "expected one of `client_secret` and `client_secret_file`", "as in client_secret: ${KAFKA_SECRET}");
    if (!sasl || typeof secret !== "string") return undefined;
    const { mechanism, token_url: tokenUrl, client_id: clientId, scope = null } = sasl;
    return { mechanism, tokenUrl, clientId, clientSecret: secret, scope };
  }
  if (!PASSWORD_MECHANISMS.some((one) => one === raw["mechanism"])) {
    const known = [...PASSWORD_MECHANISMS, "OAUTHBEARER"];
    const { mechanism } = raw;
    const meant = typeof mechanism === "string" ? didYouMean(mechanism, known) : null;
    document.report(
      [...SASL, "mechanism"],
      mechanism === undefined ? "`mechanism` is required" : `expected one of ${known.join(", ")}`,
      meant === null ? `one of ${known.join(", ")}, as the broker's listener has it` : `did you mean \`${meant}\`?`,
    );
    return undefined;
  }
  const sasl = readPart(document, kafkaSecuritySchemas.sasl.password, SASL);
  const password = sasl && readSecret(document, surroundings, SASL, "password", sasl);
  if (password === null) document.report(SASL, "expected one of `password` and `password_file`", "as in password: ${KAFKA_PASSWORD}");
  if (!sasl || typeof password !== "string") return undefined;
  return { mechanism: sasl.mechanism, username: sasl.username, password };
}
