//! The one integration-test binary of the hub, so that one PostgreSQL server serves all tests. Tests of the contract alone are in `proto/`.

mod contract_image;
mod privacy_matrix;
mod support;
