import type { Report, Step } from './judgement.ts';

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';

/** What namespaces are called (RFC 1123 label). */
export const labelName = new RegExp(`^${label}$`);
/** What most objects are called (RFC 1123 subdomain). */
export const objectName = new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`);

export function checkName(name: string, form: RegExp, path: readonly Step[], report: Report): void {
  if (!form.test(name)) report(path, `"${name}" is no name in Kubernetes: a-z, 0-9 and "-" inside`);
}
