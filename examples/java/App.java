// A department's website where people log in by Chaoxin. Left out on purpose: design, logs, sessions that outlive the process.

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTParser;
import com.nimbusds.oauth2.sdk.AuthorizationCodeGrant;
import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.GeneralException;
import com.nimbusds.oauth2.sdk.OAuth2Error;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.pkce.CodeChallengeMethod;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.util.URLUtils;
import com.nimbusds.openid.connect.sdk.AuthenticationRequest;
import com.nimbusds.openid.connect.sdk.AuthenticationResponseParser;
import com.nimbusds.openid.connect.sdk.LogoutRequest;
import com.nimbusds.openid.connect.sdk.Nonce;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponseParser;
import com.nimbusds.openid.connect.sdk.UserInfoRequest;
import com.nimbusds.openid.connect.sdk.UserInfoResponse;
import com.nimbusds.openid.connect.sdk.claims.IDTokenClaimsSet;
import com.nimbusds.openid.connect.sdk.claims.UserInfo;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.token.OIDCTokens;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import com.nimbusds.openid.connect.sdk.validators.LogoutTokenValidator;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

final class App {
  /** A login under way. */
  record Attempt(CodeVerifier verifier, Nonce nonce) {}

  /** Somebody who is logged in: their tokens, what the ID token says, what userinfo says. */
  record Login(OIDCTokens tokens, IDTokenClaimsSet claims, UserInfo person, int refreshed) {}

  /** What a cookie stands for. Attempts are kept by their state: a person may log in in two tabs at once. */
  record Session(Map<State, Attempt> attempts, Optional<Login> login) {
    Session() {
      this(new ConcurrentHashMap<>(), Optional.empty());
    }

    Session with(Login login) {
      return new Session(attempts, Optional.of(login));
    }
  }

  /** An answer: a page, or where to go next; with a session that gets a new cookie, if there is one. */
  record Answer(int status, String body, URI to, Session session) {
    static Answer page(int status, String body) {
      return new Answer(status, body, null, null);
    }

    static Answer to(URI to, Session session) {
      return new Answer(303, "", to, session);
    }
  }

  static final int PORT = Integer.parseInt(System.getenv().getOrDefault("PORT", "9300"));
  static final URI HOME = URI.create("http://localhost:" + PORT + "/");
  static final URI CALLBACK = HOME.resolve("/callback");
  static final Pattern COOKIE = Pattern.compile("(?:^|; )example_java=([\\w-]+)");
  static final int MAX_FORM = 65536;

  final Issuer issuer = new Issuer(System.getenv("ISSUER"));
  final ClientID clientId = new ClientID(System.getenv("CLIENT_ID"));
  final ClientSecretBasic secret = new ClientSecretBasic(clientId, new Secret(System.getenv("CLIENT_SECRET")));
  final OIDCProviderMetadata chaoxin;
  final IDTokenValidator idTokens;
  final LogoutTokenValidator logoutTokens;
  final Map<String, Session> sessions = new ConcurrentHashMap<>();

  App() throws GeneralException, IOException {
    chaoxin = OIDCProviderMetadata.resolve(issuer); // discovery: every address of the node comes from here
    var source = JWKSourceBuilder.<SecurityContext>create(chaoxin.getJWKSetURI().toURL()).build(); // fetched anew when keys change
    var keys = new JWSVerificationKeySelector<>(Set.of(JWSAlgorithm.ES256, JWSAlgorithm.RS256), source);
    idTokens = new IDTokenValidator(issuer, clientId, keys, null);
    logoutTokens = new LogoutTokenValidator(issuer, clientId, true, keys, null); // true: only what is typed logout+jwt
  }

  Answer answer(String route, String query, String form, Session session) throws Exception {
    return switch (route) {
      case "GET /" -> Answer.page(200, page(session, ""));
      case "GET /login" -> login(session);
      case "GET /callback" -> callback(query, session);
      case "POST /refresh" -> refresh(session);
      case "POST /logout" -> logout(session);
      case "POST /backchannel-logout" -> backchannelLogout(form);
      default -> Answer.page(404, "");
    };
  }

  /** Send the browser to the node, with state, nonce and PKCE. */
  Answer login(Session session) {
    var state = new State();
    var attempt = new Attempt(new CodeVerifier(), new Nonce());
    session.attempts.put(state, attempt);
    var request = new AuthenticationRequest.Builder(ResponseType.CODE, new Scope("openid", "profile"), clientId, CALLBACK);
    request.endpointURI(chaoxin.getAuthorizationEndpointURI()).state(state).nonce(attempt.nonce);
    return Answer.to(request.codeChallenge(attempt.verifier, CodeChallengeMethod.S256).build().toURI(), session);
  }

  /** Redeem the code: state, iss, nonce, signature, aud, exp and sub are checked. */
  Answer callback(String query, Session session) throws Exception {
    var answer = AuthenticationResponseParser.parse(CALLBACK, URLUtils.parseParameters(query));
    var attempt = answer.getState() == null ? null : session.attempts.remove(answer.getState());
    // Not started here or shown before; another provider's answer (RFC 9207); refused or cancelled.
    if (attempt == null || !issuer.equals(answer.getIssuer()) || !answer.indicatesSuccess()) {
      return Answer.page(400, page(session, "登录没有完成，请重新登录。"));
    }
    var code = answer.toSuccessResponse().getAuthorizationCode();
    var redeemed = ask(new AuthorizationCodeGrant(code, CALLBACK, attempt.verifier));
    if (!redeemed.indicatesSuccess()) {
      return Answer.page(400, page(session, "登录没有完成，请重新登录。"));
    }
    var tokens = redeemed.toSuccessResponse().getTokens().toOIDCTokens();
    var claims = idTokens.validate(tokens.getIDToken(), attempt.nonce);
    var request = new UserInfoRequest(chaoxin.getUserInfoEndpointURI(), tokens.getAccessToken()).toHTTPRequest();
    var person = UserInfoResponse.parse(request.send()).toSuccessResponse().getUserInfo();
    if (!person.getSubject().equals(claims.getSubject())) { // OpenID Connect Core 5.3.2
      return Answer.page(400, page(session, "登录没有完成。"));
    }
    // A new cookie for the logged-in session: one that was known before the login must be worth nothing after it.
    return Answer.to(HOME, session.with(new Login(tokens, claims, person, 0)));
  }

  /** Take new tokens, and keep the new refresh token: the old one is used up. */
  Answer refresh(Session session) throws Exception {
    if (session.login.isEmpty()) {
      return Answer.to(HOME, null);
    }
    var login = session.login.get();
    var refreshed = ask(new RefreshTokenGrant(login.tokens.getRefreshToken()));
    if (refreshed.indicatesSuccess()) {
      var tokens = refreshed.toSuccessResponse().getTokens().toOIDCTokens();
      return Answer.to(HOME, session.with(new Login(tokens, login.claims, login.person, login.refreshed + 1)));
    }
    var error = refreshed.toErrorResponse().getErrorObject();
    if (!OAuth2Error.INVALID_GRANT.equals(error)) {
      throw new GeneralException(error);
    }
    return Answer.to(HOME, new Session()); // ended at the node: logged out, disabled, or revoked
  }

  /** End the login here, then at the node. */
  Answer logout(Session session) {
    var hint = session.login.map(login -> login.tokens.getIDToken()).orElse(null);
    var request = new LogoutRequest(chaoxin.getEndSessionEndpointURI(), hint, null, clientId, HOME, null, null);
    return Answer.to(request.toURI(), new Session());
  }

  /** The node says that a session has ended. It has no cookie; the signed token is all there is to believe. */
  Answer backchannelLogout(String form) throws Exception {
    var token = URLUtils.parseParameters(form).getOrDefault("logout_token", List.of("")).get(0);
    var ended = logoutTokens.validate(JWTParser.parse(token)); // every check of Back-Channel Logout 2.6
    sessions.values().removeIf(session -> session.login.map(Login::claims).filter(claims ->
        ended.getSessionID() != null
            ? ended.getSessionID().equals(claims.getSessionID())
            : ended.getSubject().equals(claims.getSubject())).isPresent());
    return Answer.page(200, "");
  }

  TokenResponse ask(AuthorizationGrant grant) throws Exception {
    var request = new TokenRequest.Builder(chaoxin.getTokenEndpointURI(), secret, grant).build();
    return OIDCTokenResponseParser.parse(request.toHTTPRequest().send());
  }

  static String page(Session session, String problem) {
    var body = session.login.map(login -> "<dl>" + rows(login.person) + "</dl><p>已刷新 " + login.refreshed + " 次</p>"
        + button("/refresh", "刷新") + button("/logout", "退出")).orElse("<a href=\"/login\">用潮信登录</a>");
    return "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>示例系统</title>" + problem + body;
  }

  static String rows(UserInfo person) {
    return person.toJSONObject().entrySet().stream()
        .map(claim -> "<dt>" + escape(claim.getKey()) + "<dd>" + escape(claim.getValue()))
        .collect(Collectors.joining());
  }

  static String button(String action, String label) {
    return "<form method=\"post\" action=\"" + action + "\"><button>" + label + "</button></form>";
  }

  static String escape(Object text) {
    return String.valueOf(text).replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
  }

  void handle(HttpExchange exchange) throws IOException {
    var found = COOKIE.matcher(Optional.ofNullable(exchange.getRequestHeaders().getFirst("Cookie")).orElse(""));
    var cookie = found.find() ? found.group(1) : "";
    Answer answer;
    try {
      var form = new String(exchange.getRequestBody().readNBytes(MAX_FORM), StandardCharsets.UTF_8);
      var uri = exchange.getRequestURI();
      var session = sessions.getOrDefault(cookie, new Session());
      answer = answer(exchange.getRequestMethod() + " " + uri.getPath(), uri.getRawQuery(), form, session);
    } catch (Exception problem) {
      System.err.println(problem); // the user is told little, the log everything but tokens
      answer = Answer.page(400, "没有成功，请重试。");
    }
    var headers = exchange.getResponseHeaders();
    if (answer.session != null) {
      var drawn = UUID.randomUUID().toString();
      sessions.remove(cookie);
      sessions.put(drawn, answer.session);
      headers.set("Set-Cookie", "example_java=" + drawn + "; HttpOnly; SameSite=Lax; Path=/"); // and Secure, on https
    }
    if (answer.to != null) {
      headers.set("Location", answer.to.toString());
    }
    headers.set("Connection", "close"); // the JDK closes without saying so where the caller asks for it (RFC 9112 9.6)
    headers.set("Cache-Control", "no-store");
    headers.set("Content-Type", "text/html; charset=utf-8");
    var body = answer.body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(answer.status, body.length == 0 ? -1 : body.length); // -1: no body follows, 0 would mean chunks
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
    exchange.close();
  }

  public static void main(String[] arguments) throws Exception {
    var app = new App();
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), PORT), 0);
    server.createContext("/", app::handle);
    server.setExecutor(Executors.newCachedThreadPool());
    server.start();
    System.out.println(HOME);
  }
}
