// oidc-provider, set up as our node is: the same clients, one signing key (ES256), PKCE wanted, refresh tokens rotated, no consent page.
// Run as `node server.mjs SETTINGS.json`.

import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Provider } from 'oidc-provider';
import { store } from './stores.mjs';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const RESOURCE = 'https://api.example.cn';

const page = (uid) => `<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>登录</title></head><body>
<form method="post" action="/interaction/${uid}"><label>用户名 <input name="username" autocomplete="username"></label>
<label>口令 <input name="password" type="password" autocomplete="current-password"></label><button>登录</button></form></body></html>`;

const provider = new Provider(settings.issuer, {
  adapter: await store(settings.store),
  clients: settings.clients,
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  jwks: { keys: [{ ...createPrivateKey(settings.key).export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'k' }] },
  cookies: { keys: [settings.cookie_key] },
  pkce: { required: () => true },
  scopes: ['openid', 'profile', 'offline_access'],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'locale', 'zoneinfo', 'updated_at', 'user_kind'] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'read', audience: RESOURCE, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
    },
  },
  conformIdTokenClaims: true,
  issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  expiresWithSession: async () => false,
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  async findAccount(_, id) {
    return {
      accountId: id,
      claims: () => ({
        sub: id, name: '张三', preferred_username: id, locale: 'zh-CN', zoneinfo: 'Asia/Shanghai', updated_at: 1780000000, user_kind: 'citizen',
      }),
    };
  },
  async loadExistingGrant(ctx) {
    const { client, session } = ctx.oidc;
    const known = session.grantIdFor(client.clientId);
    if (known) return ctx.oidc.provider.Grant.find(known);
    const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid profile offline_access');
    await grant.save();
    return grant;
  },
});

// The page and its form, as plainly as can be: oidc-provider leaves both to whoever uses it. No password is hashed.
provider.use(async (ctx, next) => {
  const uid = /^\/interaction\/([\w-]+)$/.exec(ctx.path)?.[1];
  if (!uid) return next();
  const details = await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.method === 'GET') {
    ctx.type = 'html';
    ctx.body = page(details.uid);
    return undefined;
  }
  const chunks = [];
  for await (const chunk of ctx.req) chunks.push(chunk);
  const accountId = new URLSearchParams(Buffer.concat(chunks).toString()).get('username');
  ctx.respond = false;
  return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId } }, { mergeWithLastSubmission: false });
});

provider.listen(settings.port, '127.0.0.1');
