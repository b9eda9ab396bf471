/** The keys of the signed-in person, one function for each call. */
import type { AccountKey, KeyRef } from '../account/key';
import { toAccountKey } from '../account/key';
import { get, post } from './client';
import type * as wire from './types';

const PATH = '/api/me/identities';

const read = ({ items }: wire.Identities): AccountKey[] => items.map(toAccountKey);

export const fetchKeys = async (): Promise<AccountKey[]> => read(await get<wire.Identities>(PATH));

export const askForChallenge = (
  purpose: 'link' | 'unlink',
  { kind, subject }: KeyRef,
): Promise<wire.KeyChallenge> => post(`${PATH}/challenge`, { body: { purpose, kind, subject } });

/** Links a key by a proof of it and a proof of a key that the account has. */
export async function linkKey(
  challengeId: string,
  key: wire.KeyProof,
  proof: wire.KeyProof,
): Promise<AccountKey[]> {
  return read(await post<wire.Identities>(PATH, { body: { challenge_id: challengeId, key, proof } }));
}

export interface Unlinked {
  keys: AccountKey[];
  /** Sessions that the key had begun, and that ended with it. */
  sessionsEnded: number;
  /** Whether this one was among them. */
  isSignedOut: boolean;
}

export async function unlinkKey(
  challengeId: string,
  { kind, subject }: KeyRef,
  proof: wire.KeyProof,
): Promise<Unlinked> {
  const body = { challenge_id: challengeId, kind, subject, proof };
  const answer = await post<wire.Unlinked>(`${PATH}/unlink`, { body });
  return {
    keys: read(answer),
    sessionsEnded: answer.sessions_ended,
    isSignedOut: answer.is_signed_out,
  };
}
