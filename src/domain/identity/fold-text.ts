/** One folding of names and other free text, for search and for comparing what two sources say. */

/** Letters that Unicode does not take apart, in the spelling that systems without them use. */
const PLAIN_LETTERS: Readonly<Record<string, string>> = {
  ø: 'o',
  æ: 'ae',
  ð: 'd',
  đ: 'd',
  ł: 'l',
  ŋ: 'n',
  ŧ: 't',
  þ: 'th',
  ß: 'ss',
}

const COMBINING_MARKS = /\p{M}+/gu
const SEPARATORS = /[\s\-‐-―^_,.]+/gu
const IGNORED = /['’‘`´]/gu

/**
 * Lower case without accents, punctuation or double spaces. The Norwegian letters and the spellings
 * used where they are missing fold alike: Ødegård, Odegard and Oedegaard are one text, as are Sæther,
 * Saether and Sather. Two different names may fold alike, so a match is a hint, never an identity.
 */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(COMBINING_MARKS, '')
    .replaceAll(IGNORED, '')
    .replaceAll(/[øæðđłŋŧþß]/g, (letter) => PLAIN_LETTERS[letter] ?? letter)
    .replaceAll(/a[ae]+/g, 'a')
    .replaceAll(/oe+/g, 'o')
    .replaceAll(SEPARATORS, ' ')
    .trim()
}
