import fc from 'fast-check';

const anyCode = fc.integer({ min: 0, max: 0x10_ffff }).filter((code) => code < 0xd8_00 || code > 0xdf_ff);

/** Text of any code points but lone surrogates, half of them ASCII. fast-check's own `binary` strings take more than a second to be set up. */
export const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.oneof(fc.nat(0x7f), anyCode), { maxLength }).map((codes) => String.fromCodePoint(...codes));
