// npm oauth4webapi 3, every call by hand: discovery, login of a public client, userinfo, refresh, revocation, logout.
import * as oauth from "oauth4webapi";
import { done, settings, visit } from "./talk.mjs";

const { client_id, redirect_uri, post_logout_redirect_uri, scope } = settings;
const issuer = new URL(settings.issuer);
const loopback = { [oauth.allowInsecureRequests]: true }; // the test's node speaks http, on loopback

const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, loopback));
const client = { client_id };
const none = oauth.None();

const code_verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const expectedNonce = oauth.generateRandomNonce();
const address = new URL(as.authorization_endpoint);
for (const [name, value] of Object.entries({
  response_type: "code",
  client_id,
  redirect_uri,
  scope,
  state,
  nonce: expectedNonce,
  code_challenge: await oauth.calculatePKCECodeChallenge(code_verifier),
  code_challenge_method: "S256",
})) {
  address.searchParams.set(name, value);
}

const parameters = oauth.validateAuthResponse(as, client, await visit(address), state); // `iss` and `state`
const answer = await oauth.authorizationCodeGrantRequest(as, client, none, parameters, redirect_uri, code_verifier, loopback);
const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, { expectedNonce, requireIdToken: true });
await oauth.validateApplicationLevelSignature(as, answer, loopback);
const claims = oauth.getValidatedIdTokenClaims(tokens);

const told = await oauth.userInfoRequest(as, client, tokens.access_token, loopback);
const person = await oauth.processUserInfoResponse(as, client, claims.sub, told);

const renewal = await oauth.refreshTokenGrantRequest(as, client, none, tokens.refresh_token, loopback);
const refreshed = await oauth.processRefreshTokenResponse(as, client, renewal);

await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, none, refreshed.refresh_token, loopback));
const late = await oauth.userInfoRequest(as, client, refreshed.access_token, loopback);

const end = new URL(as.end_session_endpoint);
end.searchParams.set("id_token_hint", refreshed.id_token);
end.searchParams.set("post_logout_redirect_uri", post_logout_redirect_uri);
end.searchParams.set("state", state);
const ended = await visit(end);
done({
  claims,
  person,
  rotated: refreshed.refresh_token !== tokens.refresh_token,
  after_revocation: late.status,
  logged_out: ended.searchParams.get("state") === state,
});
