import { checkLabelSelector } from '#distribution/label-selector.ts';
import { checkTrustBundleName } from '#distribution/trust-bundle.ts';
import { checkAnnotations } from './annotations.ts';
import { attempt, between, type Report } from './judgement.ts';
import { checkName, labelName, objectName } from './kubernetes-names.ts';
import { trustBundleNames } from './resolve-distribution.ts';
import type { ServerConfigText } from './schema/server-config.ts';

const here = 'distribution';

/** Names that the API server would refuse once they are used, which may be days later. */
export function checkDistribution(config: ServerConfigText, report: Report): void {
  const { distribution, issuers, defaultIssuer } = config;
  if (distribution === undefined) return;
  checkCrlConfigMap(config, report);
  const { context, kubeconfig, lease, rootConfigMap, clusterTrustBundle, istiod } = distribution;
  if (context !== undefined && kubeconfig === undefined)
    report([here, 'context'], 'a context is one of a kubeconfig: name that too');
  checkName(lease.namespace, labelName, [here, 'lease', 'namespace'], report);
  checkName(lease.name, objectName, [here, 'lease', 'name'], report);
  checkConfigMap(rootConfigMap, [here, 'rootConfigMap'], report);
  if (clusterTrustBundle !== undefined) {
    attempt(
      () => checkTrustBundleName(trustBundleNames(clusterTrustBundle)),
      (message) => report([here, 'clusterTrustBundle', 'name'], message),
    );
  }
  if (istiod === undefined) return;
  checkIstiod(istiod, report);
  if (istiod.certificate === undefined) return;
  const path = [here, 'istiod', 'certificate'];
  checkName(istiod.certificate.name, objectName, [...path, 'name'], report);
  checkAnnotations(istiod.certificate.annotations, [...path, 'annotations'], report);
  const signs = issuers.find(({ name }, at) => (defaultIssuer === undefined ? at === 0 : name === defaultIssuer));
  if (signs?.certManager === undefined) report(path, 'cert-manager makes it: the default issuer must have certManager');
}

type Written = NonNullable<ServerConfigText['distribution']>;

/** Replicas whose keys are their own know nothing of each other's CRLs: a proxy would refuse the others' certificates. */
function checkCrlConfigMap({ distribution, revocation, issuers }: ServerConfigText, report: Report): void {
  const { crlConfigMap, rootConfigMap } = distribution ?? {};
  if (crlConfigMap === undefined) return;
  const path = [here, 'crlConfigMap'];
  checkConfigMap(crlConfigMap, path, report);
  if (crlConfigMap.name === rootConfigMap?.name) report([...path, 'name'], 'the roots are in this one');
  if (revocation === undefined) report(path, 'without the section "revocation" no CRL is signed');
  for (const { name, key } of issuers)
    if (key === undefined || key.memory !== undefined)
      report(
        path,
        `each replica has a CA of its own for issuer ${name}, and no CRL of the others: its key must be kept`,
      );
}

type ConfigMapText = Pick<Written['rootConfigMap'], 'name' | 'key' | 'namespaceSelector'>;

function checkConfigMap(
  { name, key, namespaceSelector }: ConfigMapText,
  path: readonly string[],
  report: Report,
): void {
  checkName(name, objectName, [...path, 'name'], report);
  if (name === 'kube-root-ca.crt')
    report([...path, 'name'], "this one is Kubernetes' own: pods trust the API server by it");
  if (!/^[\w.-]{1,253}$/.test(key)) report([...path, 'key'], 'a key holds letters, digits, "-", "_" and "."');
  if (namespaceSelector === undefined) return;
  attempt(
    () => checkLabelSelector(namespaceSelector),
    (message) => report([...path, 'namespaceSelector'], message),
  );
}

function checkIstiod(istiod: NonNullable<Written['istiod']>, report: Report): void {
  const path = [here, 'istiod'];
  checkName(istiod.namespace, labelName, [...path, 'namespace'], report);
  checkName(istiod.secret, objectName, [...path, 'secret'], report);
  checkName(istiod.serviceAccount, objectName, [...path, 'serviceAccount'], report);
  for (const [at, revision] of istiod.revisions.entries())
    checkName(revision, labelName, [...path, 'revisions', at], report);
  for (const [at, name] of istiod.additionalDnsNames.entries())
    checkName(name, objectName, [...path, 'additionalDnsNames', at], report);
  between(istiod.lifetime, '10m', '398d', [...path, 'lifetime'], report);
}
