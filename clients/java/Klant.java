// A client of the hub in Java, for every role: it submits, receives, deduplicates, confirms and tries again. README.md says how to build it.
// It verifies no signatures: `ketenhub receipt verify` and `ketenhub view verify` do.
import com.google.gson.Gson;
import com.google.protobuf.util.JsonFormat;
import io.grpc.Grpc;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import jeugdketen.hub.v1.BerichtOuterClass.Bericht;
import jeugdketen.hub.v1.ExchangeServiceGrpc;
import jeugdketen.hub.v1.ExchangeServiceGrpc.ExchangeServiceBlockingStub;
import jeugdketen.hub.v1.ExchangeServiceOuterClass.AcknowledgeRequest;
import jeugdketen.hub.v1.ExchangeServiceOuterClass.Levering;
import jeugdketen.hub.v1.ExchangeServiceOuterClass.SubmitRequest;
import jeugdketen.hub.v1.ExchangeServiceOuterClass.SubscribeRequest;

public final class Klant {
    private static final Set<Status.Code> PASSING =
            Set.of(Status.Code.UNAVAILABLE, Status.Code.RESOURCE_EXHAUSTED, Status.Code.INTERNAL, Status.Code.UNKNOWN);
    private static final JsonFormat.Printer JSON = JsonFormat.printer().preservingProtoFieldNames().omittingInsignificantWhitespace();

    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 5 || !Set.of("submit", "receive").contains(arguments[3])) {
            System.err.println("Klant HOST:PORT CERTS NAAM submit FILE... | receive INBOX [N]");
            System.exit(2);
        }
        Path certs = Path.of(arguments[1]);
        var tls = TlsChannelCredentials.newBuilder().trustManager(certs.resolve("ca.pem").toFile())
                .keyManager(certs.resolve(arguments[2] + ".pem").toFile(), certs.resolve(arguments[2] + ".key").toFile()).build();
        var config = new Gson().fromJson(Files.readString(Path.of("clients/service-config.json")), Map.class);
        var channel = Grpc.newChannelBuilder(arguments[0], tls).defaultServiceConfig(config).enableRetry()
                .keepAliveTime(30, TimeUnit.SECONDS).maxInboundMessageSize(64 << 20).build();
        var hub = ExchangeServiceGrpc.newBlockingStub(channel);
        List<String> rest = List.of(arguments).subList(4, arguments.length);
        try {
            if (arguments[3].equals("submit")) submit(hub, rest);
            else receive(hub, Path.of(rest.get(0)), rest.size() > 1 ? Long.parseLong(rest.get(1)) : Long.MAX_VALUE);
        } catch (StatusRuntimeException refused) {
            System.err.println(refused.getStatus().getCode() + ": " + refused.getStatus().getDescription());
            System.exit(1);
        } finally {
            channel.shutdownNow();
        }
    }

    private static void submit(ExchangeServiceBlockingStub hub, List<String> files) throws Exception {
        for (String file : files) {
            var bericht = Bericht.newBuilder();
            JsonFormat.parser().merge(Files.readString(Path.of(file)), bericht);
            // Repeated as service-config.json says; the same id makes that safe.
            System.out.println(JSON.print(hub.submit(SubmitRequest.newBuilder().setBericht(bericht).build()).getReceipt()));
        }
    }

    private static void receive(ExchangeServiceBlockingStub hub, Path inbox, long aantal) throws Exception {
        long last = last(inbox), enough = aantal == Long.MAX_VALUE ? aantal : last + aantal, pause = 500;
        try (var file = FileChannel.open(inbox, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            while (last < enough) {
                try {
                    var events = hub.subscribe(SubscribeRequest.getDefaultInstance()); // from the last confirmed one onwards
                    while (last < enough && events.hasNext()) {
                        var event = events.next();
                        pause = 500;
                        if (!event.hasLevering()) continue; // a heartbeat
                        Levering levering = event.getLevering();
                        if (last > 0 && levering.getPostvaknummer() > last + 1) throw new IllegalStateException("the hub left out a number");
                        if (levering.getPostvaknummer() > last) {
                            file.write(ByteBuffer.wrap((JSON.print(levering) + "\n").getBytes("UTF-8")));
                            file.force(false); // first yours, then confirmed: never the other way round
                            last = levering.getPostvaknummer();
                        }
                        hub.acknowledge(AcknowledgeRequest.newBuilder().setTotEnMet(last).build());
                    }
                } catch (StatusRuntimeException lost) {
                    if (!PASSING.contains(lost.getStatus().getCode())) throw lost;
                    System.err.println(lost.getStatus().getCode() + ": again in " + pause + " ms");
                    Thread.sleep(pause);
                    pause = Math.min(2 * pause, 30_000);
                }
            }
        }
    }

    private static long last(Path inbox) throws Exception {
        if (!Files.exists(inbox) || Files.size(inbox) == 0) return 0;
        List<String> entries = Files.readAllLines(inbox);
        var levering = Levering.newBuilder();
        JsonFormat.parser().merge(entries.get(entries.size() - 1), levering);
        return levering.getPostvaknummer();
    }
}
