// Where a mesh keeps what it must not lose, and where it is configured.

export interface MeshPlaces {
  /** Of root alone (0700), made by whoever needs it first. */
  state: string;
  /** Where agent.json is, and beside it the secrets. */
  configDirectory: string;
}
