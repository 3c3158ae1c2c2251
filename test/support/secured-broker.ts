import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts, serverProperties, startBrokerWith, type KafkaBroker } from "./kafka-broker.ts";
import { scratchDirectory } from "./scratch.ts";

export const USER = "alice";
export const PASSWORD = 'correct horse: battery "staple"';

export type SecuredBroker = {
  /** Addresses by what a listener asks of its clients. */
  readonly plain: string;
  readonly tls: string;
  readonly mutualTls: string;
  readonly sasl: string;
  readonly saslOverTls: string;
  /** SASL as well, without PLAIN and OAUTHBEARER. */
  readonly onlyScram: string;
  /** PEM files. */
  readonly ca: string;
  readonly otherCa: string;
  readonly clientCert: string;
  readonly clientKey: string;
  readonly stop: KafkaBroker["stop"];
};

/** A broker with a listener for each way in, certificates of its own making, and one user. */
export async function startSecuredBroker(): Promise<SecuredBroker> {
  const directory = scratchDirectory();
  const certificates = makeCertificates(directory);
  const ports = [...(await freePorts()), ...(await freePorts()), ...(await freePorts())];
  const [plain, controller, tls, mutualTls, sasl, saslOverTls, onlyScram] = ports.map((port) => `127.0.0.1:${port}`);
  const listeners = { PLAINTEXT: plain, SSL: tls, MUTUAL: mutualTls, SASL: sasl, SASLTLS: saslOverTls, SCRAM: onlyScram };
  const listed = Object.entries(listeners).map(([name, address]) => `${name}://${address ?? ""}`);
  const jaas = (module: string, options: string) => `org.apache.kafka.common.security.${module} required ${options};`;
  const escaped = PASSWORD.replaceAll('"', '\\\\"');
  const saslProperties = (listener: string) =>
    Object.fromEntries(
      Object.entries({
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
        "plain.sasl.jaas.config": jaas("plain.PlainLoginModule", `user_${USER}="${escaped}"`),
        "scram-sha-256.sasl.jaas.config": jaas("scram.ScramLoginModule", ""),
        "scram-sha-512.sasl.jaas.config": jaas("scram.ScramLoginModule", ""),
        "oauthbearer.sasl.jaas.config": jaas("oauthbearer.OAuthBearerLoginModule", 'unsecuredLoginStringClaim_sub="broker"'),
      }).map(([key, value]) => [`listener.name.${listener}.${key}`, value]),
    );
  const broker = await startBrokerWith(
    [plain ?? ""],
    (logs) => ({
      ...serverProperties(ports[0] ?? 0, ports[1] ?? 0, logs),
      listeners: `${listed.join(",")},CONTROLLER://${controller ?? ""}`,
      "advertised.listeners": listed.join(","),
      "listener.security.protocol.map":
        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,MUTUAL:SSL,SASL:SASL_PLAINTEXT,SASLTLS:SASL_SSL,SCRAM:SASL_PLAINTEXT",
      "ssl.keystore.type": "PEM",
      "ssl.keystore.location": certificates.brokerStore,
      "ssl.truststore.type": "PEM",
      "ssl.truststore.location": certificates.ca,
      "listener.name.mutual.ssl.client.auth": "required",
      ...saslProperties("sasl"),
      ...saslProperties("sasltls"),
      ...saslProperties("scram"),
      "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
    }),
    ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) => ["--add-scram", `${mechanism}=[name=${USER},password=${PASSWORD}]`]),
  );
  return {
    plain: plain ?? "",
    tls: tls ?? "",
    mutualTls: mutualTls ?? "",
    sasl: sasl ?? "",
    saslOverTls: saslOverTls ?? "",
    onlyScram: onlyScram ?? "",
    ...certificates,
    stop: broker.stop,
  };
}

function makeCertificates(directory: string) {
  const file = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  for (const name of ["ca", "other-ca"])
    openssl("req", "-x509", ...newKey, "-keyout", file(`${name}.key`), "-out", file(`${name}.pem`), "-subj", `/CN=${name}`, "-days", "2");
  writeFileSync(file("names.cnf"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  for (const name of ["broker", "client"]) {
    openssl("req", ...newKey, "-keyout", file(`${name}.key`), "-out", file(`${name}.csr`), "-subj", `/CN=${name}`);
    openssl(
      "x509",
      "-req",
      "-in",
      file(`${name}.csr`),
      "-CA",
      file("ca.pem"),
      "-CAkey",
      file("ca.key"),
      "-CAcreateserial",
      "-extfile",
      file("names.cnf"),
      "-out",
      file(`${name}.pem`),
      "-days",
      "2",
    );
  }
  writeFileSync(file("broker-store.pem"), readFileSync(file("broker.key"), "utf8") + readFileSync(file("broker.pem"), "utf8"));
  return {
    ca: file("ca.pem"),
    otherCa: file("other-ca.pem"),
    clientCert: file("client.pem"),
    clientKey: file("client.key"),
    brokerStore: file("broker-store.pem"),
  };
}
