/** The time, handed in: nothing below the services reads it by itself. */
export type Clock = () => Date
