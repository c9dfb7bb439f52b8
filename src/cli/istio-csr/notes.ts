import { withoutEffect } from './honour.ts';
import type { IstioCsrFlag, IstioCsrValues } from './line.ts';

/** A sentence for each flag that was given and changes nothing here: accepted is not the same as heeded. */
export function notesOn(given: ReadonlySet<string>, values: IstioCsrValues): readonly string[] {
  return [...given].flatMap((flag) => {
    const why = reason(flag, values);
    return why === undefined ? [] : [`--${flag} changes nothing: ${why}`];
  });
}

const isFlag = (name: string): name is IstioCsrFlag => Object.hasOwn(withoutEffect, name);

function reason(flag: string, values: IstioCsrValues): string | undefined {
  if (flag.startsWith('istiod-cert-') && flag !== 'istiod-cert-enabled' && !values['istiod-cert-enabled'])
    return "--istiod-cert-enabled is false, so istiod's certificate is not kept";
  return isFlag(flag) ? withoutEffect[flag] : undefined;
}
