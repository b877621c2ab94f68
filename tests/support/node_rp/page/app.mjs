// npm oidc-client-ts 3 in a page: a public client with PKCE, whose tokens are renewed in the background by refresh token.
const { IndexedDbDPoPStore, UserManager } = window.oidc;

const home = `${location.origin}/`;
const { sender_constrained, ...settings } = await (await fetch("/settings.json")).json();
const users = new UserManager({
  ...settings,
  redirect_uri: `${home}callback`,
  post_logout_redirect_uri: home,
  loadUserInfo: !sender_constrained, // the library asks with a bearer token only; askUserinfo shows a bound one
  dpop: sender_constrained ? { bind_authorization_code: true, store: new IndexedDbDPoPStore() } : undefined,
  revokeTokensOnSignout: true,
});

async function askUserinfo(user) {
  const url = await users.metadataService.getUserInfoEndpoint();
  const headers = { Authorization: `DPoP ${user.access_token}`, DPoP: await users.dpopProof(url, user) };
  return { ...user, person: await (await fetch(url, { headers })).json() };
}

const show = (user) => {
  document.querySelector("#user").textContent = user ? JSON.stringify(user) : "nobody";
};
const on = (id, act) => document.querySelector(id).addEventListener("click", act);

on("#login", () => users.signinRedirect());
on("#renew", async () => show(await users.signinSilent()));
on("#logout", () => users.signoutRedirect());

if (location.pathname === "/callback") {
  const user = await users.signinRedirectCallback();
  show(sender_constrained ? await askUserinfo(user) : user);
  history.replaceState(null, "", "/");
} else {
  if (location.search) await users.signoutRedirectCallback();
  show(await users.getUser());
}
