/** The least that a server needs; tests change one line of it. */
export const minimal = `apiVersion: countersign.dev/v1
kind: ServerConfig
trustDomain: cluster.local
authenticators:
  - clientCertificate: {}
issuers:
  - name: mesh
    certificate: chain.pem
    roots: roots.pem
    key:
      file: { path: key.pem }
policies: [istio.yaml]
audit:
  directory: log
  origin: audit.example.org/mesh
  key:
    file: { path: audit.pem }
  publish: public
`;

/** `minimal` with one piece exchanged; fails when the piece is not there, so that a case cannot pass by accident. */
export function changed(piece: string, by: string): string {
  if (!minimal.includes(piece)) throw new Error(`the minimal configuration has no ${JSON.stringify(piece)}`);
  return minimal.replace(piece, () => by);
}
