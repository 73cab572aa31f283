/** The part of dcmjs 0.52 that this project calls; the package brings no types. */
declare module 'dcmjs' {
  interface Logger {
    setLevel(level: 'silent'): void
    getLoggers(): Readonly<Record<string, Logger>>
  }

  interface ReadBufferStream {
    offset: number
    setEndian(littleEndian: boolean): void
    /** Decodes the text VRs; anything with a `decode` serves. */
    setDecoder(decoder: { decode(bytes: DataView): string }): void
  }

  interface ValueRepresentation {
    readonly type: string
    /** Size of one value of a binary VR, longest value of a text VR, null where there is no limit. */
    readonly maxLength?: number | null
    isBinary(): boolean
    /** Reads from the stream's offset and moves it; `value` is formatted, `rawValue` as it stands. */
    read(
      stream: ReadBufferStream,
      length: number,
      syntax: string,
    ): { readonly value?: unknown; readonly rawValue?: unknown } | undefined
  }

  interface DictionaryEntry {
    readonly vr: string
    readonly vm: string
    readonly name: string
  }

  export const log: Logger
  export const data: {
    readonly ReadBufferStream: new (buffer: ArrayBuffer, littleEndian: boolean) => ReadBufferStream
    readonly ValueRepresentation: {
      createByTypeString(vr: string): ValueRepresentation
    }
    readonly DicomMetaDictionary: {
      /** By `(GGGG,EEEE)`. */
      readonly dictionary: Readonly<Record<string, DictionaryEntry | undefined>>
      /** By keyword. */
      readonly nameMap: Readonly<Record<string, { readonly tag: string } | undefined>>
    }
  }
}
