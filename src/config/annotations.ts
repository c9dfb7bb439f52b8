import type { Report, Step } from './judgement.ts';

/** As a list of names and values, which is how charts have them. */
type Annotations = readonly { readonly name: string; readonly value?: string }[];

/** Kubernetes' form of an annotation's name: an optional DNS prefix, and up to 63 characters after the slash. */
const form = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;
/** Written by us, with a meaning. */
const ours = /^(istio\.cert-manager\.io\/identities$|countersign\.dev\/)/;

export function checkAnnotations(annotations: Annotations, path: readonly Step[], report: Report): void {
  const names = annotations.map(({ name }) => name);
  for (const [at, name] of names.entries()) {
    const here = [...path, at, 'name'];
    if (!form.test(name)) report(here, `"${name}" is no annotation, such as example.org/team`);
    else if (ours.test(name)) report(here, `"${name}" is written by us`);
    if (names.indexOf(name) < at) report(here, `"${name}" is given before`);
  }
}

export const annotationsOf = (annotations: Annotations): Readonly<Record<string, string>> =>
  Object.fromEntries(annotations.map(({ name, value = '' }) => [name, value]));
