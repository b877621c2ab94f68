// npm oidc-provider 9 as the other provider: everything in memory, the same clients, and a login that asks for nothing.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";
import { done, settings } from "./talk.mjs";

const { port, clients, scopes } = settings;
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients,
  scopes,
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "ES256", kid: "peer" }] },
  cookies: { keys: ["only for this test"], long: { sameSite: "none" } }, // what it wants before it takes requests by POST
  enableHttpPostMethods: true,
  clientDefaults: { id_token_signed_response_alg: "ES256" },
  claims: { openid: ["sub"], profile: ["name"] },
  responseTypes: ["code"],
  pkce: { required: () => true },
  features: {
    claimsParameter: { enabled: true },
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    dPoP: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (_, client) => client.clientAuthMethod !== "none" },
    pushedAuthorizationRequests: { enabled: true },
    requestObjects: { enabled: true, requireSignedRequestObject: false },
    revocation: { enabled: true },
  },
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  interactions: { url: () => "/interaction" },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId, name: "陈晓潮" }) }),
  async loadExistingGrant({ oidc }) {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope(scopes.join(" "));
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();
createServer((request, response) => {
  if (request.url === "/interaction/login") {
    return provider.interactionFinished(request, response, { login: { accountId: "citizen" } });
  }
  return request.url === "/interaction" ? response.end("who are you?") : answer(request, response);
}).listen(port, "127.0.0.1", () => done({ issuer: provider.issuer }));
