/** dcmjs with its loggers off: they print attribute values, and those are patients' data. */
import { data, log } from 'dcmjs'

for (const logger of [log, ...Object.values(log.getLoggers())]) logger.setLevel('silent')

export const { ReadBufferStream, ValueRepresentation, DicomMetaDictionary } = data
