//! What is written to a connection leaves together: what is ready in the same turn of the threads shares a TLS record and a system call, and
//! wakes the other side once, instead of once for each answer.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

/// Bytes that wait for no more: those of the largest TLS record (RFC 8446 §5.1).
const VOL: usize = 16 * 1024;

/// A stream whose writes leave together. A flush that finds something new first lets every task run that is ready, and then looks again; when
/// nothing came, everything is sent. So there is no timer, and who is alone waits for nobody.
pub(super) struct Bundel<S> {
    stroom: S,
    /// Written by the owner; `weg` of it is with the stream.
    klaar: Vec<u8>,
    weg: usize,
    /// Whether anything came since the last flush.
    nieuw: bool,
}

impl<S> Bundel<S> {
    pub(super) fn om(stroom: S) -> Self {
        Self { stroom, klaar: Vec::new(), weg: 0, nieuw: false }
    }
}

impl<S: AsyncWrite + Unpin> Bundel<S> {
    /// Hands everything to the stream. The memory goes too: a connection on which nothing happens holds none.
    fn verzend(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.weg < self.klaar.len() {
            match ready!(Pin::new(&mut self.stroom).poll_write(cx, &self.klaar[self.weg..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                geschreven => self.weg += geschreven,
            }
        }
        (self.klaar, self.weg) = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bundel<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stroom).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bundel<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.klaar.len() == VOL {
            ready!(self.verzend(cx))?;
        }
        if self.klaar.is_empty() {
            self.klaar.reserve_exact(VOL);
        }
        let eerst = self.klaar.len();
        for buf in bufs {
            let plaats = VOL - self.klaar.len();
            self.klaar.extend_from_slice(&buf[..buf.len().min(plaats)]);
        }
        self.nieuw = true;
        Poll::Ready(Ok(self.klaar.len() - eerst))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if std::mem::take(&mut self.nieuw) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        ready!(self.verzend(cx))?;
        Pin::new(&mut self.stroom).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.verzend(cx))?;
        Pin::new(&mut self.stroom).poll_shutdown(cx)
    }
}

impl<S: Connected> Connected for Bundel<S> {
    type ConnectInfo = S::ConnectInfo;

    fn connect_info(&self) -> S::ConnectInfo {
        self.stroom.connect_info()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Keeps every write that it is given, of which it takes `hap` bytes at most, and none every other time when it is slow.
    #[derive(Default)]
    struct Lijn {
        geschreven: Vec<Vec<u8>>,
        gespoeld: usize,
        hap: usize,
        traag: bool,
        even: bool,
    }

    impl AsyncWrite for Lijn {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.even = !self.even;
            if self.traag && self.even {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let hap = buf.len().min(self.hap);
            self.geschreven.push(buf[..hap].to_vec());
            Poll::Ready(Ok(hap))
        }

        fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.gespoeld += 1;
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[derive(Default)]
    struct Wekker(AtomicUsize);

    impl Wake for Wekker {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn bundel(hap: usize) -> Bundel<Lijn> {
        Bundel::om(Lijn { hap, ..Lijn::default() })
    }

    #[test]
    fn what_comes_in_one_turn_leaves_in_one_write() {
        let wekker = Arc::new(Wekker::default());
        let waker = Waker::from(Arc::clone(&wekker));
        let mut cx = Context::from_waker(&waker);
        let mut bundel = bundel(usize::MAX);
        for (beurt, deel) in ["a", "bc", "def"].into_iter().enumerate() {
            assert!(matches!(Pin::new(&mut bundel).poll_write(&mut cx, deel.as_bytes()), Poll::Ready(Ok(n)) if n == deel.len()));
            assert!(Pin::new(&mut bundel).poll_flush(&mut cx).is_pending(), "something came");
            assert_eq!(wekker.0.load(Ordering::Relaxed), beurt + 1, "it comes back by itself");
        }
        assert!(bundel.stroom.geschreven.is_empty());
        assert!(matches!(Pin::new(&mut bundel).poll_flush(&mut cx), Poll::Ready(Ok(()))));
        assert_eq!((bundel.stroom.geschreven.as_slice(), bundel.stroom.gespoeld), (&[b"abcdef".to_vec()][..], 1));
        assert_eq!(bundel.klaar.capacity(), 0, "a silent connection holds no memory");
        assert!(matches!(Pin::new(&mut bundel).poll_flush(&mut cx), Poll::Ready(Ok(()))), "nothing came, nothing to wait for");
        assert_eq!(wekker.0.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn a_full_record_waits_for_no_flush() {
        let mut bundel = bundel(usize::MAX);
        bundel.write_all(&[7; VOL]).await.unwrap();
        assert!(bundel.stroom.geschreven.is_empty(), "nobody asked for it yet");
        bundel.write_all(&[8; 1]).await.unwrap();
        assert_eq!(bundel.stroom.geschreven, [vec![7; VOL]]);
    }

    #[tokio::test]
    async fn every_byte_arrives_in_order_however_little_the_line_takes() {
        for (hap, traag) in [(1, false), (1000, true), (VOL, true), (usize::MAX, false)] {
            let mut bundel = bundel(hap);
            bundel.stroom.traag = traag;
            let mut alles = Vec::new();
            for (nr, lengte) in [0, 1, VOL - 1, 2, VOL, VOL + 1, 3 * VOL + 5, 0, 9].into_iter().enumerate() {
                let deel = vec![u8::try_from(nr).unwrap(); lengte];
                bundel.write_all(&deel).await.unwrap();
                alles.extend(deel);
                if nr % 3 == 2 {
                    bundel.flush().await.unwrap();
                    assert_eq!(bundel.stroom.geschreven.concat(), alles, "after a flush everything is with the line");
                }
            }
            bundel.write_all(b"last").await.unwrap();
            bundel.shutdown().await.unwrap();
            assert_eq!(bundel.stroom.geschreven.concat(), [alles, b"last".to_vec()].concat(), "an end loses nothing");
        }
    }

    #[tokio::test]
    async fn a_line_that_takes_nothing_is_an_error_and_no_loop() {
        let mut bundel = bundel(0);
        bundel.write_all(b"x").await.unwrap();
        assert_eq!(bundel.flush().await.unwrap_err().kind(), io::ErrorKind::WriteZero);
    }

    #[tokio::test]
    async fn reading_is_that_of_the_stream() {
        let (hier, mut daar) = tokio::io::duplex(64);
        let mut bundel = Bundel::om(hier);
        daar.write_all(b"hello").await.unwrap();
        let mut gelezen = [0; 5];
        bundel.read_exact(&mut gelezen).await.unwrap();
        assert_eq!(&gelezen, b"hello");
    }
}
