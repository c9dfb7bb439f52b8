import { describe, expect, it } from 'vitest';
import { type Revocation, RevocationRegister } from '#authority/revocation/register.ts';

const one: Revocation = {
  serial: '5f01',
  issuerKeyId: 'aa',
  reason: 'superseded',
  revokedAt: 1_000,
  requestedBy: 'alice',
  notAfter: 5_000,
  spkiSha256: 'ab',
};

describe('the register of revocations', () => {
  it('knows a certificate by issuer and serial, not by its serial alone', () => {
    const register = new RevocationRegister();
    register.take(one);
    expect(register.find('aa', '5f01')).toEqual(one);
    expect(register.find('bb', '5f01')).toBeUndefined();
    expect(register.size).toBe(1);
  });

  it('a later reason takes the place of the first, and the first time stays', () => {
    const register = new RevocationRegister();
    register.take(one);
    expect(register.isNews(one)).toBe(false);
    expect(register.compromisedKeys.size).toBe(0);
    const worse = { ...one, reason: 'keyCompromise', revokedAt: 2_000 } as const;
    expect(register.isNews(worse)).toBe(true);
    register.take(worse);
    expect(register.find('aa', '5f01')).toMatchObject({ reason: 'keyCompromise', revokedAt: 1_000 });
    expect([...register.compromisedKeys]).toEqual(['ab']);
  });

  it('RFC 5280 §3.3: what expires is on one CRL after that, and then on none', () => {
    const register = new RevocationRegister();
    register.take(one);
    const { notAfter, ...endless } = { ...one, serial: '5f02' };
    register.take(endless);
    const serials = (previous: number) => register.listed('aa', previous).map(({ serial }) => serial);
    expect(serials(4_000)).toEqual(['5f01', '5f02']);
    expect(serials(notAfter ?? 0)).toEqual(['5f01', '5f02']);
    expect(serials(5_001)).toEqual(['5f02']);
  });

  it('tells what stays revoked although nobody names it any more', () => {
    const register = new RevocationRegister();
    register.take(one);
    register.take({ ...one, serial: '5f02' });
    expect([...register.missingFrom([one])].map(({ serial }) => serial)).toEqual(['5f02']);
  });
});
