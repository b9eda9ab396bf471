// Writes privy_tokens.json: tokens as Privy makes them, and everything that must not pass for one.
//
//   npm install jose@6.2.17 && node privy_tokens.mjs > privy_tokens.json
//
// The keys are made anew at each run and thrown away, so a second run writes other tokens with the same verdicts.

import { createSign, createHmac, KeyObject } from "node:crypto";
import { SignJWT, UnsecuredJWT, exportJWK, exportSPKI, generateKeyPair } from "jose";

const APP = "cmtestapp000000000000000";
const NOW = 1767225600; // 2026-01-01T00:00:00Z, when the stories of the integration tests begin
const DID = "did:privy:cmtestuser00000000000000";
const KID = "key-one";

const pair = (alg, options) => generateKeyPair(alg, { extractable: true, ...options });
const [own, second, foreign, p384, rsa, eddsa] = await Promise.all(
  [pair("ES256"), pair("ES256"), pair("ES256"), pair("ES384"), pair("RS256"), pair("EdDSA")],
);
const pem = await exportSPKI(own.publicKey);
const jwk = async (key, kid) => ({ ...(await exportJWK(key)), kid, use: "sig", alg: "ES256" });

const claims = { sid: "cmtestsession", iss: "privy.io", aud: APP, sub: DID, iat: NOW - 60, exp: NOW + 3540 };
const header = { alg: "ES256", typ: "JWT", kid: KID };

const sign = (changes = {}, headers = {}, key = own.privateKey) => {
  const all = Object.fromEntries(Object.entries({ ...claims, ...changes }).filter(([, value]) => value !== undefined));
  return new SignJWT(all).setProtectedHeader({ ...header, ...headers }).sign(key, { crit: { strange: true } });
};
const b64 = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
// What jose refuses to make is put together by hand.
const raw = (head, body, dsaEncoding = "ieee-p1363", key = own.privateKey) => {
  const text = `${b64(head)}.${b64(body)}`;
  const signer = createSign("SHA256").update(text);
  const made = signer.sign({ key: key instanceof KeyObject ? key : KeyObject.from(key), dsaEncoding });
  return `${text}.${made.toString("base64url")}`;
};
const hmac = (head, secret) => {
  const text = `${b64(head)}.${b64(claims)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
};

const good = await sign();
const parts = good.split(".");
const accounts = [
  { type: "email", address: "Ada@Example.org" },
  { type: "phone", phoneNumber: "+15550100" },
  { type: "wallet", address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", chain_type: "ethereum" },
];
const identity = (changes = {}, key) => sign({ sid: undefined, linked_accounts: JSON.stringify(accounts), ...changes }, {}, key);

const access = [
  ["as Privy makes it", "ok", good],
  ["audience as a list", "ok", await sign({ aud: ["another", APP] })],
  ["without typ", "ok", await sign({}, { typ: undefined })],
  ["without a key id", "ok", await sign({}, { kid: undefined })],
  ["ended nine seconds ago, as far as clocks may differ", "ok", await sign({ exp: NOW - 9 })],
  ["made nine seconds from now", "ok", await sign({ iat: NOW + 9 })],
  ["ended ten seconds ago", "expired", await sign({ exp: NOW - 10 })],
  ["ended an hour ago", "expired", await sign({ iat: NOW - 7200, exp: NOW - 3600 })],
  ["made eleven seconds from now", "invalid", await sign({ iat: NOW + 11 })],
  ["not valid before an hour from now", "invalid", await sign({ nbf: NOW + 3600 })],
  ["without an end", "invalid", await sign({ exp: undefined })],
  ["without a beginning", "invalid", await sign({ iat: undefined })],
  ["an end that is text", "invalid", raw(header, { ...claims, exp: String(claims.exp) })],
  ["an end that is a fraction of text", "invalid", raw(header, { ...claims, exp: "9e99" })],
  ["of another issuer", "invalid", await sign({ iss: "privy.io.example.org" })],
  ["without an issuer", "invalid", await sign({ iss: undefined })],
  ["an issuer that is a list", "invalid", await sign({ iss: ["privy.io"] })],
  ["for another app", "invalid", await sign({ aud: "cmanotherapp" })],
  ["for a list of other apps", "invalid", await sign({ aud: ["a", "b"] })],
  ["for no app", "invalid", await sign({ aud: undefined })],
  ["of nobody", "invalid", await sign({ sub: undefined })],
  ["of somebody who is no Privy user", "invalid", await sign({ sub: "user-1" })],
  ["of an empty Privy user", "invalid", await sign({ sub: "did:privy:" })],
  ["without a session, as an identity token is", "invalid", await identity()],
  ["signed by another key", "invalid", await sign({}, {}, foreign.privateKey)],
  ["signed by another key that its header carries", "invalid",
    await sign({}, { jwk: await exportJWK(foreign.publicKey) }, foreign.privateKey)],
  ["signed by another key whose address its header carries", "invalid",
    await sign({}, { jku: "https://example.org/jwks.json" }, foreign.privateKey)],
  ["with an extension that must be understood", "invalid", await sign({}, { crit: ["strange"], strange: 1 })],
  ["none", "invalid", new UnsecuredJWT(claims).encode()],
  ["None, in a spelling of its own", "invalid", `${b64({ alg: "None", typ: "JWT" })}.${b64(claims)}.`],
  ["ES256 without a signature", "invalid", `${parts[0]}.${parts[1]}.`],
  ["ES256 with a signature of zeros", "invalid", `${parts[0]}.${parts[1]}.${Buffer.alloc(64).toString("base64url")}`],
  ["HS256 with the public key as its secret", "invalid", hmac({ ...header, alg: "HS256" }, pem)],
  ["HS256 with the trimmed public key as its secret", "invalid", hmac({ ...header, alg: "HS256" }, pem.trim())],
  ["HS256 that calls itself ES256", "invalid", hmac(header, pem)],
  ["HS256 with the app id as its secret", "invalid", hmac({ ...header, alg: "HS256" }, APP)],
  ["RS256", "invalid", await sign({}, { alg: "RS256" }, rsa.privateKey)],
  ["ES384", "invalid", await sign({}, { alg: "ES384" }, p384.privateKey)],
  ["EdDSA", "invalid", await sign({}, { alg: "EdDSA" }, eddsa.privateKey)],
  ["es256 in lower case", "invalid", raw({ ...header, alg: "es256" }, claims)],
  ["a list of algorithms", "invalid", raw({ ...header, alg: ["ES256"] }, claims)],
  ["no algorithm", "invalid", raw({ typ: "JWT", kid: KID }, claims)],
  ["a signature in DER", "invalid", raw(header, claims, "der")],
  ["another user under the same signature", "invalid",
    `${parts[0]}.${b64({ ...claims, sub: "did:privy:cmvictim" })}.${parts[2]}`],
  ["another header under the same signature", "invalid", `${b64({ ...header, kid: "x" })}.${parts[1]}.${parts[2]}`],
  ["a padded signature", "invalid", `${good}==`],
  ["a fourth part", "invalid", `${good}.e30`],
  ["two parts", "invalid", `${parts[0]}.${parts[1]}`],
  ["no token", "invalid", ""],
  ["words", "invalid", "not a token"],
  ["claims that are a list", "invalid", raw(header, [claims])],
];
const byKeySet = [
  ["by its key", "ok", good],
  ["by the second key", "ok", await sign({}, { kid: "key-two" }, second.privateKey)],
  ["by the second key under the first one's name", "invalid", await sign({}, {}, second.privateKey)],
  ["by the first key under the second one's name", "invalid", await sign({}, { kid: "key-two" })],
  ["by a key that is not in the set", "unknown_key", await sign({}, { kid: "key-three" }, foreign.privateKey)],
  ["without saying by which", "unknown_key", await sign({}, { kid: undefined })],
  ["by the name of a key for another use", "unknown_key", await sign({}, { kid: "key-rsa" })],
];
const identities = [
  ["as Privy makes it", "ok", await identity()],
  ["accounts as a list", "ok", await identity({ linked_accounts: accounts })],
  ["an access token", "invalid", good],
  ["of another user", "invalid", await identity({ sub: "did:privy:cmsomebodyelse" })],
  ["by another key", "invalid", await identity({}, foreign.privateKey)],
  ["ended", "expired", await identity({ exp: NOW - 3600 })],
  ["accounts that are no JSON", "invalid", await identity({ linked_accounts: "[{" })],
];
const users = [];
for (let number = 0; number < 12; number += 1) {
  users.push(await sign({ sub: `did:privy:cmperson${number}`, sid: `s${number}` }));
}
const cases = (list) => list.map(([name, verdict, token]) => ({ name, verdict, token }));
const rsaJwk = { ...(await exportJWK(rsa.publicKey)), kid: "key-rsa", use: "sig", alg: "RS256" };
const file = {
  source: "made by privy_tokens.mjs with npm jose 6.2.17 (MIT) and node:crypto; own data, no keys kept",
  app_id: APP,
  now_s: NOW,
  did: DID,
  verification_key: pem,
  other_curve_key: await exportSPKI(p384.publicKey),
  rsa_key: await exportSPKI(rsa.publicKey),
  jwks: { keys: [await jwk(own.publicKey, KID), await jwk(second.publicKey, "key-two"), rsaJwk] },
  access: cases(access),
  by_key_set: cases(byKeySet),
  identity: cases(identities),
  users,
};
process.stdout.write(`${JSON.stringify(file, null, 2)}\n`);
