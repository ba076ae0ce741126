//! Delivery over real mTLS: streams, pages, slow readers, and who loses its stream. What a view shows is tested elsewhere.

mod afgesneden;
mod pagina;
mod stroom;
mod traag;
mod wisseling;
