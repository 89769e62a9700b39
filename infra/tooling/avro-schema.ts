/** The parts of an Avro schema file that the generators read. */
export interface Field {
  readonly name: string;
  readonly type: Schema;
  readonly doc?: string;
}
export interface Named {
  readonly type: string;
  readonly name?: string;
  readonly doc?: string;
  readonly fields?: readonly Field[];
  readonly symbols?: readonly string[];
  readonly items?: Schema;
  readonly values?: Schema;
  readonly logicalType?: string;
}
export type Schema = string | readonly Schema[] | Named;
