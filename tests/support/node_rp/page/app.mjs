// npm oidc-client-ts 3 in a page: a public client with PKCE, whose tokens are renewed in the background by refresh token.
const { UserManager } = window.oidc;

const home = `${location.origin}/`;
const users = new UserManager({
  ...(await (await fetch("/settings.json")).json()),
  redirect_uri: `${home}callback`,
  post_logout_redirect_uri: home,
  loadUserInfo: true,
  revokeTokensOnSignout: true,
});

const show = (user) => {
  document.querySelector("#user").textContent = user ? JSON.stringify(user) : "nobody";
};
const on = (id, act) => document.querySelector(id).addEventListener("click", act);

on("#login", () => users.signinRedirect());
on("#renew", async () => show(await users.signinSilent()));
on("#logout", () => users.signoutRedirect());

if (location.pathname === "/callback") {
  show(await users.signinRedirectCallback());
  history.replaceState(null, "", "/");
} else {
  if (location.search) await users.signoutRedirectCallback();
  show(await users.getUser());
}
