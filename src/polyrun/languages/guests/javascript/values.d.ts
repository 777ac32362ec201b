// The types of what a block of TypeScript imports, and what it can export.
declare namespace Polyrun {
  /** A table. `columns.price` are the values of a column, `at(n)` is a row; iterating gives the rows. */
  interface Table<Columns> {
    readonly length: number;
    readonly columns: Columns;
    readonly types: { readonly [Name in keyof Columns]: string };
    at(n: number): Row<Columns> | undefined;
    toArray(): Row<Columns>[];
    [Symbol.iterator](): IterableIterator<Row<Columns>>;
  }

  type Row<Columns> = { [Name in keyof Columns]: Columns[Name] extends ArrayLike<infer Item> ? Item : never };

  /** An array of numbers; with several dimensions they lie in `order`, `C` for the last index fastest. */
  type Grid<Numbers> = Numbers & { readonly dtype: string; readonly shape: number[]; readonly order: 'C' | 'F' };

  /** A moment, and the time zone that it was told in if that is not UTC. */
  type Moment = Date & { zone?: string };

  type Good = 'good';

  /** Good, or what `T` is if that cannot be exported. */
  type What<T> = 0 extends 1 & T ? Good : T extends readonly (infer Item)[] ? One<Item> : One<T>;

  type One<T> = 0 extends 1 & T
    ? Good
    : T extends (...parameters: never[]) => unknown
      ? 'a function'
      : T extends abstract new (...parameters: never[]) => unknown
        ? 'a class'
        : T extends symbol
          ? 'a symbol'
          : T extends ReadonlyMap<unknown, unknown>
            ? Good
            : T extends ReadonlySet<unknown>
              ? 'a Set (export an array of it)'
              : T extends Promise<unknown>
                ? 'a Promise (export what it is awaited to be)'
                : T extends RegExp
                  ? 'a RegExp'
                  : Good;

  type Export<T extends Good> = T;
}
