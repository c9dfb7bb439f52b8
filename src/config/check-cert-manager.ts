import { checkAnnotations } from './annotations.ts';
import { between, type Report, type Step } from './judgement.ts';
import { checkName, labelName, objectName } from './kubernetes-names.ts';
import type { ServerConfigText } from './schema/server-config.ts';

type Written = NonNullable<ServerConfigText['issuers'][number]['certManager']>;

/** What the API server would refuse once the first certificate is wanted. */
export function checkCertManager(written: Written, path: readonly Step[], report: Report): void {
  const { issuer, runtime, namespace, annotations, kubeconfig, context, timeout, intermediate } = written;
  if (issuer === undefined && runtime === undefined) report(path, 'at least one of issuer, runtime belongs here');
  if (issuer !== undefined) {
    checkName(issuer.name, objectName, [...path, 'issuer', 'name'], report);
    checkName(issuer.group, objectName, [...path, 'issuer', 'group'], report);
  }
  if (runtime !== undefined) {
    checkName(runtime.configMap, objectName, [...path, 'runtime', 'configMap'], report);
    checkName(runtime.namespace, labelName, [...path, 'runtime', 'namespace'], report);
  }
  checkName(namespace, labelName, [...path, 'namespace'], report);
  checkAnnotations(annotations, [...path, 'annotations'], report);
  if (context !== undefined && kubeconfig === undefined)
    report([...path, 'context'], 'a context is one of a kubeconfig: name that too');
  between(timeout, '1s', '10m', [...path, 'timeout'], report);
  between(intermediate.lifetime, '1h', '3650d', [...path, 'intermediate', 'lifetime'], report);
}
