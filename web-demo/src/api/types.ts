/** What the HTTP API answers. Amounts stand twice: exact decimals as a number, and base units as text. */

export interface ServerConfig {
  name: string;
  version: string;
  domain: string;
  demo: boolean;
  login: { kinds: number[]; ttl_seconds: number };
}

export interface Challenge {
  challenge_id: string;
  challenge: string;
  expires_at: string;
  ttl_seconds: number;
  domain: string;
  accepted_kinds: number[];
}

export interface User {
  id: number;
  pubkey: string;
  npub: string;
  display_name: string | null;
  created_at: string;
  is_admin: boolean;
}

export interface Verified {
  token: string;
  token_type: string;
  expires_in: number;
  user: User;
}

export interface ApiBalance {
  token_id: number;
  symbol: string;
  name: string;
  decimals: number;
  amount: number;
  amount_units: string;
  held_units: string;
}

export interface ApiPool {
  id: number;
  token_a_id: number;
  token_b_id: number;
  symbol_a: string;
  symbol_b: string;
  decimals_a: number;
  decimals_b: number;
  reserve_a_units: string;
  reserve_b_units: string;
  fee_bps_base: number;
  stage: number;
  cumulative_volume_a_units: string;
  cumulative_volume_b_units: string;
  fee_accum_a_units: string;
  fee_accum_b_units: string;
  stage1_threshold_units: string | null;
  stage2_threshold_units: string | null;
  stage3_threshold_units: string | null;
  burn_token_id: number | null;
  burn_stage1_amount_units: string | null;
  burn_stage2_amount_units: string | null;
  burn_stage3_amount_units: string | null;
  burn_stage4_amount_units: string | null;
  seq: number;
  head: string;
  created_at: string;
}

export interface ApiTrade {
  id: string;
  pool_id: number;
  seq: number;
  user_id: number | null;
  side: string;
  amount_in_units: string;
  amount_out_units: string;
  fee_paid_units: string;
  stage_before: number;
  stage: number;
  hash: string;
  created_at: string;
}

export interface ApiBurn {
  pool_id: number;
  seq: number;
  stage: number;
  token_id: number;
  symbol: string;
  amount_units: string;
  created_at: string;
}

export interface ApiToken {
  id: number;
  symbol: string;
  name: string;
  decimals: number;
}

/** A request to swap; amounts are exact decimal text. */
export interface SwapRequest {
  pool_id: number;
  side: 'AtoB' | 'BtoA';
  amount_in?: string;
  amount_out?: string;
  min_amount_out?: string;
  max_amount_in?: string;
  deadline: number;
}

export interface SwapAnswer {
  trade: ApiTrade;
  pool: ApiPool;
}

export interface Items<T> {
  items: T[];
}
