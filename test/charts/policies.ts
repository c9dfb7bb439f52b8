const document = (name: string, spec: Readonly<Record<string, unknown>>) => ({
  apiVersion: 'countersign.dev/v1',
  kind: 'IssuancePolicy',
  metadata: { name },
  spec,
});

/** Narrow, so that it stands beside whatever else is shipped; the case in it is run with the whole set. */
export const denial = (name: string, priority: number) =>
  document(name, {
    priority,
    effect: 'deny',
    match: { doors: ['istio'], namespaces: [name] },
    tests: [
      {
        name: 'its namespace',
        given: { namespace: name, key: 'ec:P-256' },
        expect: { decision: 'deny', policy: name },
      },
    ],
  });

const validity = { default: '24h', max: '24h' };

/** For pods that mount their certificate. */
export const podPolicy = document('pods', {
  priority: 50,
  effect: 'allow',
  match: { doors: ['pod-certificate'] },
  key: { allow: ['ec:P-256'] },
  validity,
});

/** For whom a registration authority vouches. */
export const vouchedPolicy = document('vouched', {
  priority: 51,
  effect: 'allow',
  match: { doors: ['kubernetes-csr'] },
  key: { allow: ['ec:P-256'] },
  validity,
});

/** For certificates that name what their request names. */
export const namedPolicy = document('named', {
  priority: 52,
  effect: 'allow',
  match: { kinds: ['end-entity'], doors: ['cert-manager', 'kubernetes-csr'] },
  key: { allow: ['ec:P-256'] },
  sans: { dns: { mode: 'required', patterns: ['*.shop.example'] } },
  validity,
});
