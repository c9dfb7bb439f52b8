import { squareRoot } from './roots.ts';

/** CA/Browser Forum BR §6.1.1.3 asks for 100. */
const mostRounds = 110;

/**
 * Squares leave few residues. All eight moduli fit one Number, so that a² - n is followed through the rounds without a
 * BigInt; about one round in 20,000 gets as far as a square root.
 */
const moduli = [64, 63, 65, 11, 17, 19, 23, 31];
const modulus = moduli.reduce((product, each) => product * each, 1);
const squares = moduli.map((each) => {
  const residues = new Uint8Array(each);
  for (let i = 0; i < each; i++) residues[(i * i) % each] = 1;
  return { each, residues };
});

/**
 * Fermat's factorisation: the round, 1 to 110, in which a² - n is a square, so that n = (a + b)(a - b); 0 when n is a
 * square itself; undefined when none of the rounds finds it. In round k, a = ⌊√n⌋ + k.
 */
export function findFermatFactor(n: bigint): number | undefined {
  const root = squareRoot(n);
  if (root * root === n) return 0;
  const nResidue = Number(n % BigInt(modulus));
  let a = Number(root % BigInt(modulus));
  let difference = Number((root * root) % BigInt(modulus)) - nResidue;
  if (difference < 0) difference += modulus;
  for (let round = 1; round <= mostRounds; round++) {
    difference = (difference + 2 * a + 1) % modulus;
    a = (a + 1) % modulus;
    if (mayBeSquare(difference) && isFactor(n, root + BigInt(round))) return round;
  }
  return undefined;
}

function mayBeSquare(residue: number): boolean {
  for (const { each, residues } of squares) if (residues[residue % each] === 0) return false;
  return true;
}

function isFactor(n: bigint, a: bigint): boolean {
  const square = a * a - n;
  return squareRoot(square) ** 2n === square;
}
