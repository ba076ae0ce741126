//! What a member with a valid certificate and bad intentions cannot do: raw HTTP/2 over real mTLS, and messages made to cost much.

mod berichten;
mod quota;
mod stil;
mod stromen;
