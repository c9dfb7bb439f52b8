import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOwned, requestObject } from '#upstream/request-object.ts';
import { readVerdict } from '#upstream/verdict.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const condition = (type: string, status: string, reason = 'Why', message = 'words') => ({
  type,
  status,
  reason,
  message,
});

const verdicts: readonly (readonly [string, unknown, unknown])[] = [
  ['nothing', undefined, { kind: 'pending', word: 'not approved' }],
  ['an empty status', {}, { kind: 'pending', word: 'not approved' }],
  [
    'approved',
    { conditions: [condition('Approved', 'True')] },
    { kind: 'pending', word: 'approved, and the issuer has said nothing' },
  ],
  [
    'pending',
    { conditions: [condition('Ready', 'False', 'Pending', 'a\nb\u0000c')] },
    { kind: 'pending', word: 'Ready: Pending: a b c' },
  ],
  ['not denied', { conditions: [condition('Denied', 'False')] }, { kind: 'pending', word: 'not approved' }],
  ['a certificate', { certificate: base64('PEM'), ca: base64('CA') }, { kind: 'issued', chain: 'PEM', ca: 'CA' }],
  ['a certificate without a CA', { certificate: base64('PEM') }, { kind: 'issued', chain: 'PEM', ca: '' }],
  ['a certificate that is a number', { certificate: 7 }, { kind: 'denied', why: 'what it put there is no PEM' }],
  [
    'a certificate that is too long',
    { certificate: base64('x'.repeat(262_145)) },
    { kind: 'denied', why: 'what it put there is no PEM' },
  ],
  [
    'denied by the issuer in its own way',
    { conditions: [condition('Ready', 'False', 'Denied')] },
    { kind: 'denied', why: 'Ready: Denied: words' },
  ],
  [
    'a long word',
    { conditions: [condition('Denied', 'True', 'Why', 'x'.repeat(1000))] },
    { kind: 'denied', why: `Denied: Why: ${'x'.repeat(287)}` },
  ],
];

describe('how a CertificateRequest stands', () => {
  it.each(verdicts)('%s', (_, status, expected) => {
    expect(readVerdict({ status })).toEqual(expected);
  });

  it('whatever somebody writes into it, there is a verdict, and its words are one line', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('status', 'metadata', 'spec'), fc.anything()), (object) => {
        const verdict = readVerdict(object);
        const word = verdict.kind === 'pending' ? verdict.word : verdict.kind === 'denied' ? verdict.why : '';
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
        expect(word).not.toMatch(/[\u0000-\u001f]/);
        expect(readOwned(object)).toHaveProperty('order');
      }),
      { numRuns: 300 },
    );
  });
});

describe('the marks on a CertificateRequest', () => {
  const order = { csr: 'PEM', seconds: 60, purpose: 'serving', label: 'istio-csr-serving' } as const;
  const reference = { name: 'a', kind: 'Issuer', group: 'cert-manager.io' };

  it('are read back; additional annotations cannot take their place', () => {
    const annotations = { 'countersign.dev/order': 'forged', 'istio.cert-manager.io/identities': 'forged', a: 'b' };
    const made = requestObject(order, reference, { requester: 'r', order: 'r-1', expires: 1_000, annotations });
    expect(readOwned(made)).toEqual({ name: '', uid: '', order: 'r-1', expires: 1_000 });
    expect(made).toMatchObject({
      metadata: { annotations: { 'istio.cert-manager.io/identities': 'istio-csr-serving', a: 'b' } },
      spec: { usages: ['server auth'], isCA: false },
    });
  });

  it('say nothing of an end where the object is to be kept', () => {
    const kept = requestObject(order, reference, { requester: 'r', order: 'r-1', annotations: {} });
    expect(readOwned(kept).expires).toBeUndefined();
  });
});
