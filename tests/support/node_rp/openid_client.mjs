// npm openid-client 6, as its README shows it: discovery, login, userinfo, refresh, logout.
import * as client from "openid-client";
import { done, settings, visit } from "./talk.mjs";

const { issuer, client_id, client_secret, jwk, redirect_uri, post_logout_redirect_uri, scope, pushed, sender_constrained } = settings;

async function authentication() {
  if (!jwk) return client.ClientSecretBasic(client_secret);
  const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  return client.PrivateKeyJwt({ key, kid: jwk.kid });
}

const config = await client.discovery(new URL(issuer), client_id, undefined, await authentication(), {
  execute: [client.allowInsecureRequests], // the test's node speaks http, on loopback
});
client.enableNonRepudiationChecks(config); // verify the ID token's signature too, not only where it came from

const DPoP = sender_constrained ? client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) : undefined;
const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const expectedNonce = client.randomNonce();
const request = {
  redirect_uri,
  scope,
  state: expectedState,
  nonce: expectedNonce,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: "S256",
};
const address = pushed
  ? await client.buildAuthorizationUrlWithPAR(config, request, { DPoP })
  : client.buildAuthorizationUrl(config, request);

const back = await visit(address);
const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
const tokens = await client.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
const claims = tokens.claims();
const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP });
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
await client.fetchUserInfo(config, refreshed.access_token, claims.sub, { DPoP });

const ended = await visit(
  client.buildEndSessionUrl(config, { id_token_hint: refreshed.id_token, post_logout_redirect_uri, state: expectedState }),
);
done({
  claims,
  person,
  token_type: tokens.token_type,
  rotated: refreshed.refresh_token !== tokens.refresh_token,
  logged_out: ended.searchParams.get("state") === expectedState,
  parameters: [...address.searchParams.keys()],
});
