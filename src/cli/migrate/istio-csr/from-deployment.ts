import { Failure } from '../../failure.ts';
import { istioCsrFlags } from '../../istio-csr/flags/table.ts';
import type { Found } from './found.ts';

/** The name that the chart gives the container. */
const usualName = 'cert-manager-istio-csr';

/** The flags of a running istio-csr. Throws Failure where there is no container that looks like one. */
export function fromDeployment(content: unknown, file: string): Found {
  const containers = objects(content)
    .filter((object) => get(object, 'kind') === 'Deployment')
    .flatMap((object) => list(get(object, 'spec', 'template', 'spec', 'containers')));
  const named = containers.find((each) => get(each, 'name') === usualName);
  const container = named ?? containers.find((each) => texts(get(each, 'args')).some(isItsFlag));
  if (container === undefined)
    throw new Failure('input', `${file}: there is no Deployment in it with a container that has istio-csr's flags`);
  const args = texts(get(container, 'args'));
  const variables = args.filter((word) => /\$\([A-Za-z_]\w*\)/.test(word));
  return {
    words: args.filter((word) => !variables.includes(word)),
    env: environment(container),
    elsewhere: [],
    unknown: [
      ...variables.map((word) => `${word} comes from a variable of the container: write its value out`),
      ...list(get(container, 'command')).map((word) => `the container runs ${JSON.stringify(word)} of its own`),
    ],
    differs: [],
  };
}

/** Every object of a List, or the one. */
function objects(content: unknown): readonly unknown[] {
  const items = get(content, 'items');
  return Array.isArray(items) ? items : [content];
}

function isItsFlag(word: string): boolean {
  return word.startsWith('--') && Object.hasOwn(istioCsrFlags, word.slice(2).split('=', 1)[0] ?? '');
}

/** The one variable that istio-csr heeds, where its value stands in the object. */
function environment(container: unknown): Readonly<Record<string, string>> {
  const audiences = list(get(container, 'env')).find((each) => get(each, 'name') === 'TOKEN_AUDIENCES');
  const value = get(audiences, 'value');
  return typeof value === 'string' ? { TOKEN_AUDIENCES: value } : {};
}

function get(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
        ? Object.entries(inner).find(([name]) => name === key)?.[1]
        : undefined,
    value,
  );
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown) => list(value).filter((word) => typeof word === 'string');
