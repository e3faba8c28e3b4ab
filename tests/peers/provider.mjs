// SPDX-License-Identifier: Apache-2.0
//
// oidc-provider on a loopback port. The first line of standard input, and every later
// one, is a JWK Set with private keys: a new line rotates the provider's keys.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

const algorithms = ['RS256', 'ES256', 'EdDSA', 'Ed25519'];

function configuration(jwks) {
  return {
    jwks,
    clients: algorithms.map((algorithm) => ({
      client_id: `client-${algorithm}`,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/callback'],
      id_token_signed_response_alg: algorithm,
    })),
    enabledJWA: { idTokenSigningAlgValues: algorithms },
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], email: ['email'] },
    cookies: { keys: ['not a secret: loopback only'] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com` }),
    }),
  };
}

let answer;
let issuer;
const server = createServer((request, response) => answer(request, response));
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  createInterface({ input: process.stdin }).on('line', (line) => {
    answer = new Provider(issuer, configuration(JSON.parse(line))).callback();
    console.log(JSON.stringify({ issuer }));
  }).on('close', () => process.exit(0));
});
