/** Looking at the first item before deciding what to do with the rest. */

/** What was taken from `rest` and what is left of it; leaving the loop ends `rest`. */
export async function* startingWith<Item>(
  first: IteratorResult<Item, void>,
  rest: AsyncGenerator<Item, void, undefined>,
): AsyncGenerator<Item, void, undefined> {
  try {
    if (first.done !== true) yield first.value
    yield* rest
  } finally {
    await rest.return()
  }
}
