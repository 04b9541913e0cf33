//! What the service may see: the types of every HTTP route, of the sockets' messages, and the signature of a request.
//!
//! Pure: no sockets, files, clocks or randomness. The server, the agent and the command line share these types, and the
//! OpenAPI document is made from them. What travels end to end between technician and device is not here and cannot be:
//! this crate does not know the crate `wire`.
//!
//! Bodies of requests and messages of sockets are parsed strictly (unknown and duplicate members refuse); answers of the
//! service are parsed the same way, so a client and a service of one version belong together.

#![forbid(unsafe_code)]

pub mod approval;
pub mod calendar;
pub mod device;
pub mod draft;
pub mod error;
pub mod feed;
pub mod ids;
pub mod invite;
pub mod join;
pub mod key_use;
pub mod ledger;
pub mod limits;
pub mod org;
pub mod receipt;
pub mod session;
pub mod sign_in;
pub mod signal;
pub mod signature;
pub mod witness;
