import { customResourceDefinition } from '#doors/kubernetes/custom-resource.ts';
import { issuerKinds } from '#doors/kubernetes/issuer-resource.ts';
import { installKinds } from '#test/charts/apply.ts';
import type { TestClient } from './client.ts';

/** Our own kinds of issuers. More than one test may ask for them; nobody takes them away. */
export const installIssuerKinds = (admin: TestClient) => installKinds(admin, issuerKinds.map(customResourceDefinition));
