import { isDeepStrictEqual } from 'node:util';
import { istioCsrFlags } from './flags/table.ts';
import { withoutEffect, withoutOutsideIssuer } from './honour.ts';
import type { IstioCsrFlag, IstioCsrValues } from './line.ts';
import { outsideIssuer } from './outside-issuer.ts';

/**
 * A sentence for each flag that asks for something and changes nothing here: accepted is not the same as heeded. One
 * that was given its own default asks for nothing.
 */
export function notesOn(given: ReadonlySet<string>, values: IstioCsrValues): readonly string[] {
  return [...given].flatMap((flag) => {
    const why = asksForNothing(flag, values) ? undefined : reason(flag, values);
    return why === undefined ? [] : [`--${flag} changes nothing: ${why}`];
  });
}

const asksForNothing = (flag: string, values: IstioCsrValues) =>
  isFlag(flag) && isDeepStrictEqual(values[flag], istioCsrFlags[flag].initial);

const isFlag = (name: string): name is IstioCsrFlag => Object.hasOwn(istioCsrFlags, name);

function reason(flag: string, values: IstioCsrValues): string | undefined {
  if (flag.startsWith('istiod-cert-') && flag !== 'istiod-cert-enabled' && !values['istiod-cert-enabled'])
    return "--istiod-cert-enabled is false, so istiod's certificate is not kept";
  if (!isFlag(flag)) return undefined;
  return withoutEffect[flag] ?? halfAConfigMap(flag, values) ?? unusedIssuer(flag, values);
}

function halfAConfigMap(flag: IstioCsrFlag, values: IstioCsrValues): string | undefined {
  const [name, namespace] = ['runtime-issuance-config-map-name', 'runtime-issuance-config-map-namespace'] as const;
  if (flag === name && values[namespace] === '') return 'only with a namespace it names a ConfigMap';
  return flag === namespace && values[name] === '' ? 'only with a name it names a ConfigMap' : undefined;
}

const unusedIssuer = (flag: IstioCsrFlag, values: IstioCsrValues) =>
  outsideIssuer(values) === undefined ? withoutOutsideIssuer[flag] : undefined;
