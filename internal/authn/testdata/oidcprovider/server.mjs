// The certified OpenID provider of npm, with two clients and any person: who
// signs in is the login_hint. It prints its address, and ends with its input.
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';

const { port, redirectUri, signedOutUri, logoutUri, secret, jwks, idTokenTTL } = JSON.parse(process.argv[2]);
const server = createServer();
server.listen(port ?? 0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'stoa', client_secret: secret, redirect_uris: [redirectUri], post_logout_redirect_uris: [signedOutUri],
      response_types: ['code'], grant_types: ['authorization_code'],
      ...(logoutUri && { backchannel_logout_uri: logoutUri, backchannel_logout_session_required: true }),
    }, {
      client_id: 'other', client_secret: secret, redirect_uris: [redirectUri], response_types: ['code'], grant_types: ['authorization_code'],
    }],
    jwks,
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    scopes: ['openid', 'email', 'profile', 'groups'],
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, email: `${sub}@acme.example`, email_verified: sub !== 'eve', name: `Person ${sub}`, groups: ['admins', 'staff'] }),
    }),
    features: {
      devInteractions: { enabled: false }, backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    pkce: { required: () => true },
    // It refuses to talk to its own machine, where the tests are.
    fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
    ttl: { IdToken: idTokenTTL ?? 300, AccessToken: 300, Session: 300, Interaction: 300, Grant: 300 },
  });
  const callback = provider.callback();
  server.on('request', async (req, res) => {
    if (!req.url.startsWith('/interaction/')) return callback(req, res);
    const { prompt, params, grantId } = await provider.interactionDetails(req, res);
    if (prompt.name === 'login') {
      return provider.interactionFinished(req, res, { login: { accountId: params.login_hint } });
    }
    const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: params.login_hint, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  });
  console.log(issuer);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
