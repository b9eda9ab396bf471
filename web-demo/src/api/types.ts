/** The API's objects by the names this page uses; `schema.d.ts` is generated from the server's own description. */
import type { NostrEvent, Side } from 'postfun';
import type { components } from './schema';

type Schemas = components['schemas'];

export type ServerConfig = Schemas['PublicConfig'];
export type Challenge = Schemas['ChallengeResponse'];
export type Verified = Schemas['VerifyResponse'];
export type RefreshAnswer = Schemas['DataAnswer_TokenPair'];
export type User = Schemas['UserObject'];
export type UserAnswer = Schemas['UserResponse'];
export type LogoutAnswer = Schemas['LogoutResponse'];
export type PrivyLogin = Schemas['DataAnswer_LogInObject'];
export type ApiDeviceSession = Schemas['SessionObject'];
export type DeviceSessionList = Schemas['ListAnswer_SessionObject'];
export type ApiIdentity = Schemas['IdentityObject'];
export type Identities = Schemas['IdentitiesResponse'];
export type KeyChallenge = Schemas['IdentityChallengeResponse'];
export type KeyProof = Omit<Schemas['KeyProofObject'], 'event'> & { event?: NostrEvent };
export type Unlinked = Schemas['UnlinkResponse'];
export type Done = Schemas['DoneAnswer'];
export type ApiPreferences = Schemas['PreferencesObject'];
export type PreferencesAnswer = Schemas['DataAnswer_PreferencesObject'];
export type PreferencesBody = Schemas['UpdateRequest'];
export type BalanceList = Schemas['BalanceList'];
export type PoolList = Schemas['PoolList'];
export type TradeList = Schemas['TradeList'];
export type BurnList = Schemas['BurnList'];
export type Holdings = Schemas['HoldingsObject'];
export type ApiHead = Schemas['HeadObject'];
export type CheckpointList = Schemas['CheckpointList'];
export type ApiBalance = Schemas['BalanceObject'];
export type ApiPool = Schemas['PoolObject'];
export type ApiTrade = Schemas['TradeObject'];
export type ApiBurn = Schemas['BurnObject'];
export type SwapAnswer = Schemas['SwapResponse'];

export type ApiLightning = Schemas['LightningInfo'];
export type ApiBitcoin = Schemas['BitcoinObject'];
export type ApiSats = Schemas['SatsBalanceObject'];
export type ApiDeposit = Schemas['InvoiceObject'];
export type ApiDepositList = Schemas['InvoiceList'];
export type ApiWithdrawal = Schemas['WithdrawalObject'];
export type ApiWithdrawalList = Schemas['WithdrawalList'];

/** An invoice as this page asks for it. */
export interface DepositBody {
  amount_sats: number;
  memo?: string;
}

/** A withdrawal as this page asks for it. */
export interface WithdrawalBody {
  bolt11: string;
  amount_sats: number;
}

/** The events `deposit.*` and `withdrawal.*`. */
export interface ApiPaymentEvent {
  data: { invoice_id?: string; withdrawal_id?: string };
}

/** The event `balance.granted`. */
export interface ApiGranted {
  seq: number;
  created_at: string;
  data: { items: { symbol: string; decimals: number; amount_units: string }[] };
}

/** A swap as this page asks for it: always with a deadline, amounts as exact decimal text. */
export type SwapRequest = Schemas['SwapRequest'] & { pool_id: number; side: Side; deadline: number };
