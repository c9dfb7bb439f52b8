/** `spec.issuerRef` of a CertificateRequest. */
export interface IssuerReference {
  readonly name: string;
  readonly kind: string;
  readonly group: string;
}

/** As cert-manager's own messages and signer names put it together. */
export const referenceText = ({ name, kind, group }: IssuerReference) => `${kind}.${group}/${name}`;

export const sameReference = (one: IssuerReference | undefined, other: IssuerReference | undefined) =>
  one?.name === other?.name && one?.kind === other?.kind && one?.group === other?.group;
