import { stringify } from 'yaml';
import { quiet } from '#test/server/in-process.ts';
import type { Access } from '#test/support/control-plane/client.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import { TestHome } from '#test/support/home.ts';

/** A server's home that distributes into a real cluster; `like`: another replica. */
export function meshHome(
  access: Access,
  distribution: Readonly<Record<string, unknown>>,
  like?: TestHome,
  sections: Readonly<Record<string, unknown>> = {},
): TestHome {
  const home = new TestHome({ config: quiet });
  const { config } = like ?? home;
  home.write('kube.yaml', kubeconfig(access), 0o600);
  const written = { ...config, ...sections, distribution: { kubeconfig: 'kube.yaml', ...distribution } };
  home.write('countersign.yaml', stringify(written));
  if (like !== undefined) {
    home.write('roots.pem', like.root.pem);
    home.write('issuers/mesh.pem', like.intermediate.pem);
    home.write('issuers/mesh.key', like.intermediate.keyPem, 0o600);
    home.write('jwks.json', like.tokens.jwks());
  }
  return home;
}
