import { createPrivateKey } from 'node:crypto';
import { at } from '#test/support/control-plane/client.ts';
import { type Check, differs } from '../evidence.ts';
import { conditionOf, textIn } from '../objects.ts';

const keysOfSecret = ['ca.crt', 'tls.crt', 'tls.key'];
const curves: Readonly<Record<number, string>> = { 256: 'prime256v1', 384: 'secp384r1', 521: 'secp521r1' };

/** What cert-manager made of it: the Secret, the status of the Certificate and of the request. */
export const storedChecks: readonly Check[] = [
  {
    name: 'has the end that the status of the Certificate says',
    complaint({ certificate, facts: { objects } }) {
      const said = new Date(String(at(objects.certificate, 'status', 'notAfter')));
      return differs(said, certificate.validToDate);
    },
  },
  {
    name: 'is Ready for the newest generation of the Certificate',
    complaint({ facts: { objects } }) {
      const { status, observedGeneration } = conditionOf(objects.certificate, 'Ready') ?? {};
      const generation = at(objects.certificate, 'metadata', 'generation');
      return differs({ status: 'True', observedGeneration: generation }, { status, observedGeneration });
    },
  },
  {
    name: 'is in a Secret of the right type, with key, certificate, roots and nothing else',
    needs: 'SaveCAToSecret',
    complaint({ facts: { objects } }) {
      const keys = Object.keys(Object(at(objects.secret, 'data'))).toSorted();
      return differs(['kubernetes.io/tls', keysOfSecret], [at(objects.secret, 'type'), keys]);
    },
  },
  {
    name: 'is in a Secret that is labelled as cert-manager’s and names its Certificate and issuer',
    complaint({ facts: { objects } }) {
      const name = at(objects.certificate, 'metadata', 'name');
      const annotations = ['certificate-name', 'issuer-name', 'issuer-kind', 'issuer-group'].map((word) =>
        at(objects.secret, 'metadata', 'annotations', `cert-manager.io/${word}`),
      );
      const label = at(objects.secret, 'metadata', 'labels', 'controller.cert-manager.io/fao');
      const issuer = ['name', 'kind', 'group'].map((member) => at(objects.certificate, 'spec', 'issuerRef', member));
      return differs(['true', name, ...issuer], [label, ...annotations]);
    },
  },
  {
    name: 'is for a key of the kind and size that were asked for',
    complaint({ wish: { privateKey = {} }, facts: { key } }) {
      const { algorithm = 'RSA', size } = privateKey;
      const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(key);
      const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {};
      const found = [asymmetricKeyType, modulusLength ?? namedCurve];
      if (algorithm === 'RSA') return differs(['rsa', size ?? 2048], found);
      if (algorithm === 'ECDSA') return differs(['ec', curves[size ?? 256]], found);
      return differs(['ed25519', undefined], found);
    },
  },
  {
    name: 'K-7: is of a request that ended as Issued and in no other way',
    complaint({ facts: { objects } }) {
      const { status, reason } = conditionOf(objects.request, 'Ready') ?? {};
      const others = ['Denied', 'InvalidRequest'].flatMap((type) => conditionOf(objects.request, type)?.type ?? []);
      const failureTime = at(objects.request, 'status', 'failureTime');
      const good = { status: 'True', reason: 'Issued', others: [] };
      return differs(good, { status, reason, others, failureTime });
    },
  },
  {
    name: 'K-13, K-14: is in the Secret as the status of the request has it, and so are the roots',
    complaint({ facts: { objects, chain, ca } }) {
      return differs(
        [textIn(objects.request, 'status', 'certificate'), textIn(objects.request, 'status', 'ca')],
        [chain, ca],
      );
    },
  },
];
