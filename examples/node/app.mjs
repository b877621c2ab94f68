// A department's website where people log in by Chaoxin. Left out on purpose: design, logs, sessions that outlive the process.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oidc from "openid-client";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT = "9300" } = process.env;
const home = `http://localhost:${PORT}/`;
const scope = "openid profile";
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout";

// Discovery: every address of the node comes from here. Plain http is for a node on this machine only.
const onThisMachine = new URL(ISSUER).hostname === "localhost";
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, undefined, oidc.ClientSecretBasic(CLIENT_SECRET), {
  execute: onThisMachine ? [oidc.allowInsecureRequests] : [],
});
oidc.enableNonRepudiationChecks(config); // verify the ID token's signature, with keys that are fetched anew when they change
const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));

// By cookie: attempts (logins under way, by state) and, once somebody is logged in, person and tokens.
const sessions = new Map();

const routes = {
  "GET /": (_, session) => page(session),

  "GET /login": async (_, session) => {
    const verifier = oidc.randomPKCECodeVerifier();
    const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
    session.attempts.set(state, { verifier, nonce }); // by state: a person may log in in two tabs at once
    const address = oidc.buildAuthorizationUrl(config, {
      redirect_uri: `${home}callback`,
      scope,
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
    return { to: address.href, session };
  },

  "GET /callback": async (url, session) => {
    const state = url.searchParams.get("state");
    const attempt = session.attempts.get(state);
    if (!attempt) return page(session, "这次登录已经过期，请重新登录。"); // not started here, or shown before
    session.attempts.delete(state);
    const checks = { pkceCodeVerifier: attempt.verifier, expectedState: state, expectedNonce: attempt.nonce };
    const tokens = await oidc.authorizationCodeGrant(config, url, checks); // checks iss, state, nonce, signature, aud, exp
    const claims = tokens.claims();
    const person = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
    // A new cookie for the logged-in session: one that was known before the login must be worth nothing after it.
    return { to: home, session: { attempts: session.attempts, tokens, claims, person, refreshed: 0 } };
  },

  "POST /refresh": async (_, session) => {
    if (!session.tokens) return { to: home };
    try {
      session.tokens = await oidc.refreshTokenGrant(config, session.tokens.refresh_token); // keep the new one: the old is used up
      session.refreshed += 1;
    } catch (error) {
      if (error.error !== "invalid_grant") throw error;
      return { to: home, session: newSession() }; // ended at the node: logged out, disabled, or revoked
    }
    return { to: home };
  },

  "POST /logout": (_, session) => {
    const end = oidc.buildEndSessionUrl(config, {
      id_token_hint: session.tokens?.id_token ?? "",
      post_logout_redirect_uri: home,
    });
    return { to: end.href, session: newSession() };
  },

  // The node says that a session has ended. It has no cookie; the signed token is all there is to believe.
  "POST /backchannel-logout": async (_url, _session, form) => {
    const rules = { issuer: ISSUER, audience: CLIENT_ID, typ: "logout+jwt", algorithms: ["ES256", "RS256"] };
    const { payload } = await jwtVerify(form.get("logout_token") ?? "", keys, { ...rules, requiredClaims: ["exp", "iat", "jti"] });
    const { events, nonce, sid, sub } = payload;
    if (!events?.[logoutEvent] || nonce !== undefined || !(sid || sub)) throw new Error("not a logout token");
    for (const [cookie, { claims }] of sessions) {
      if (claims && (sid ? claims.sid === sid : claims.sub === sub)) sessions.delete(cookie);
    }
    return {};
  },
};

const newSession = () => ({ attempts: new Map() });
const escape = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const button = (action, label) => `<form method="post" action="${action}"><button>${label}</button></form>`;

function page({ person, refreshed }, problem = "") {
  const rows = Object.entries(person ?? {}).map(([name, value]) => `<dt>${escape(name)}<dd>${escape(value)}`);
  const body = person
    ? `<dl>${rows.join("")}</dl><p>已刷新 ${refreshed} 次</p>${button("/refresh", "刷新")}${button("/logout", "退出")}`
    : '<a href="/login">用潮信登录</a>';
  return { body: `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>示例系统</title>${escape(problem)}${body}` };
}

async function read(request) {
  let text = "";
  for await (const part of request) {
    text += part;
    if (text.length > 65536) throw new Error("too long");
  }
  return new URLSearchParams(text);
}

createServer(async (request, response) => {
  try {
    const url = new URL(request.url, home);
    const route = routes[`${request.method} ${url.pathname}`];
    if (!route) return response.writeHead(404).end();
    const cookie = /(?:^|; )example_node=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
    const session = sessions.get(cookie) ?? newSession();
    const answer = await route(url, session, request.method === "POST" ? await read(request) : undefined);
    if (answer.session) {
      const drawn = randomUUID();
      sessions.delete(cookie);
      sessions.set(drawn, answer.session);
      response.setHeader("Set-Cookie", `example_node=${drawn}; HttpOnly; SameSite=Lax; Path=/`); // and Secure, on https
    }
    response.setHeader("Cache-Control", "no-store");
    if (answer.to) return response.writeHead(303, { Location: answer.to }).end();
    return response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(answer.body);
  } catch (error) {
    console.error(error); // the user is told little, the log everything but tokens
    return response.writeHead(400, { "Content-Type": "text/plain; charset=utf-8" }).end("没有成功，请重试。");
  }
}).listen(Number(PORT), "127.0.0.1", () => console.log(home));
