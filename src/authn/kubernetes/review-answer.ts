import type { KubernetesObject } from '#kubernetes/api.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type ProvenToken, refuseToken } from './proven-token.ts';
import { credentialOf, decodeToken, isName, isUid, readClaims, speaksOfServiceAccount } from './token-claims.ts';
import { checkBinding, ownAudiences, type TokenRules } from './token-rules.ts';

/** A TokenReview that asks for our audiences: without them the API server would review against its own. */
export function reviewOf(token: string, { audiences }: TokenRules): KubernetesObject {
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: [...audiences] },
  };
}

/**
 * Whom the API server says the token belongs to (contract istio-ca.md §2.3). Throws Refusal `authn.failed` when it
 * does not vouch or for no service account, `authn.unavailable` when the answer is no TokenReview.
 */
export function readReview(answer: KubernetesObject, token: string, rules: TokenRules): ProvenToken {
  const { status } = answer;
  if (answer.kind !== 'TokenReview' || !isMembers(status)) garbled();
  checkVouched(status, token);
  const user = isMembers(status.user) ? status.user : garbled();
  const { namespace, serviceAccount } = readUser(user);
  // an authenticator that knows nothing of audiences answers without any
  const audiences = ownAudiences(status.audiences === undefined ? [] : texts(status.audiences), rules);
  const extra = readExtra(user.extra);
  const bound = boundTo(extra, rules);
  return {
    namespace,
    serviceAccount,
    ...(isUid(user.uid) && { serviceAccountUid: user.uid }),
    ...bound,
    audiences,
    credential: readCredential(
      token,
      { ...bound, namespace, serviceAccount, audiences },
      rules,
      extra('credential-id'),
    ),
  };
}

/** A failed review has `error`, and `authenticated` is absent rather than false. */
function checkVouched({ error, authenticated }: Members, token: string): void {
  if (error !== undefined && error !== '') {
    const told = typeof error === 'string' ? error.replaceAll(token, '(the token)').slice(0, 300) : 'an error';
    refuseToken(`the API server says: ${told}`);
  }
  if (authenticated !== true) refuseToken('the API server does not vouch for it');
}

function readUser({ username, groups }: Members): { readonly namespace: string; readonly serviceAccount: string } {
  if (groups === undefined || !texts(groups).includes('system:serviceaccounts')) {
    refuseToken('its user is not in the group system:serviceaccounts');
  }
  const parts = typeof username === 'string' ? username.split(':') : [];
  const [system, kind, namespace, serviceAccount] = parts;
  if (parts.length !== 4 || system !== 'system' || kind !== 'serviceaccount') {
    refuseToken('its user is not system:serviceaccount:<namespace>:<account>');
  }
  if (!isName(namespace) || !isName(serviceAccount)) refuseToken('its namespace or service account is no name');
  return { namespace, serviceAccount };
}

type Extra = (name: string) => string | undefined;

/** `authentication.kubernetes.io/<name>`, first value. */
function readExtra(extra: unknown): Extra {
  const members = extra === undefined || extra === null ? {} : isMembers(extra) ? extra : garbled();
  return (name) => {
    const values = members[`authentication.kubernetes.io/${name}`];
    return values === undefined ? undefined : texts(values)[0];
  };
}

type Bound = Pick<ProvenToken, 'pod' | 'node' | 'nodeUid'>;

function boundTo(extra: Extra, { unbound }: TokenRules): Bound {
  const [podName, podUid, node, nodeUid] = ['pod-name', 'pod-uid', 'node-name', 'node-uid'].map(extra);
  const onNode = { ...(isName(node) && { node }), ...(isName(node) && isUid(nodeUid) && { nodeUid }) };
  if (isName(podName) && isUid(podUid)) return { pod: { name: podName, uid: podUid }, ...onNode };
  if (podName !== undefined || node !== undefined) refuseToken('it is bound to something else than a pod');
  return unbound === 'accept' ? {} : refuseToken('it is not bound to a pod');
}

/**
 * The answer says little of the token itself. The API server having vouched, its claims may be read for the record, and
 * to see what the answer leaves out: that it is bound to a Secret.
 */
function readCredential(
  token: string,
  told: Bound & Pick<ProvenToken, 'namespace' | 'serviceAccount' | 'audiences'>,
  rules: TokenRules,
  credentialId: string | undefined,
): ProvenToken['credential'] {
  const decoded = decodeToken(token);
  if (decoded !== undefined && speaksOfServiceAccount(decoded)) {
    const claims = readClaims(decoded);
    checkBinding(claims, rules);
    const { namespace, serviceAccount, pod } = told;
    const same =
      claims.namespace === namespace && claims.serviceAccount.name === serviceAccount && claims.pod?.uid === pod?.uid;
    return same
      ? credentialOf(claims, decoded.header.kid)
      : refuseToken('the API server says otherwise than its claims');
  }
  const jti = credentialId?.startsWith('JTI=') ? credentialId.slice(4, 260) : undefined;
  return {
    audience: told.audiences,
    subject: `system:serviceaccount:${told.namespace}:${told.serviceAccount}`,
    ...(jti !== undefined && { jti }),
  };
}

type Members = Readonly<Record<string, unknown>>;

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function texts(value: unknown): readonly string[] {
  const isText = (each: unknown): each is string => typeof each === 'string';
  return Array.isArray(value) && value.every(isText) ? value : garbled();
}

/** Whoever answers so is no API server, or one that is broken: the caller is not to blame. */
function garbled(): never {
  throw new Refusal('authn.unavailable', 'the answer of the API server is not a TokenReview');
}
