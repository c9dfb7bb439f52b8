import { describe, expect, it } from 'vitest';
import { readIssuerSpec } from '#doors/kubernetes/issuer-spec.ts';
import { rightSpecs, wrongSpecs } from './issuer-specs.ts';

describe('the spec of an issuer, where no definition of ours was in the way', () => {
  it.each(rightSpecs)('%j is read, with what it leaves out filled in', (spec, read) => {
    expect(readIssuerSpec({ spec })).toEqual(read);
  });

  it.each(wrongSpecs)('%j is refused, naming the field and what would be right', (spec, said) => {
    expect(() => readIssuerSpec({ spec })).toThrow(said);
  });

  it.each([undefined, null, 'mesh', []])('%j is none', (spec) => {
    expect(() => readIssuerSpec({ spec })).toThrow(/^spec must be object/);
  });

  it('takes no notice of what it does not know, and leaves the object as it is', () => {
    const object = { spec: { issuer: 'mesh', renewBefore: '1h' } };
    expect(readIssuerSpec(object)).toMatchObject({ issuer: 'mesh' });
    expect(object).toEqual({ spec: { issuer: 'mesh', renewBefore: '1h' } });
  });
});
