/**
 * One value that all tabs see in the order in which it was written.
 *
 * The browser hands `localStorage` on to tabs of other processes in its own time, so that a tab which waited for a lock
 * may still read what was there before; a transaction of IndexedDB is seen by whoever begins one after it.
 */

const DATABASE = 'postfun';
const STORE = 'ledge';
const KEY = 'value';

function request<T>(asked: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error ?? new Error('The browser’s database failed.'));
  });
}

async function open(): Promise<IDBDatabase> {
  const asked = indexedDB.open(DATABASE, 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
  return request(asked);
}

/** Reads the value; null when there is none, or where the browser keeps nothing. */
export async function readLedge(): Promise<string | null> {
  try {
    const database = await open();
    const value: unknown = await request(database.transaction(STORE).objectStore(STORE).get(KEY));
    database.close();
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

/** Writes the value, or removes it; once the promise is kept every tab reads it. */
export async function writeLedge(value: string | null): Promise<void> {
  try {
    const database = await open();
    const transaction = database.transaction(STORE, 'readwrite');
    const store = transaction.objectStore(STORE);
    if (value === null) store.delete(KEY);
    else store.put(value, KEY);
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('The browser’s database failed.'));
    });
    database.close();
  } catch {
    // Then the tabs agree a little later, by the storage they share.
  }
}
