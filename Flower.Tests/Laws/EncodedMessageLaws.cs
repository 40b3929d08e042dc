// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Google.Protobuf;
using NUnit.Framework;

namespace Flower.Tests.Laws;

/// <summary>
/// What is read and written past the generated code: whatever the bytes are, it says what that says, or leaves them to it.
/// </summary>
[FsCheck.NUnit.Properties(MaxTest = 2000, QuietOnSuccess = true)]
public sealed class EncodedMessageLaws
{
    private static readonly string[] Words = ["", "a", "www", "flower.connection_id", "ключ", new('x', 200)];

    [FsCheck.NUnit.Property]
    public void Packet_MutatedBytes_AsGenerated(int seed)
    {
        byte[] bytes = Mutated(new(seed), RandomPacket(new(seed)).ToByteArray());

        if (TryParse(ReadFast, bytes, out Packet? fast) && fast is not null)
        {
            Assert.That(TryParse(b => Packet.Parser.ParseFrom(b), bytes, out Packet? whole), Is.True);
            Assert.That(fast, Is.EqualTo(whole));
        }
    }

    [FsCheck.NUnit.Property]
    public void Packet_OfThisProject_IsReadFast(int seed)
    {
        Packet packet = RandomPacket(new(seed));

        Assert.That(ReadFast(packet.ToByteArray()), Is.EqualTo(packet));
    }

    [Test]
    public void Start_NoMethod_FirstOfItsThread_AsGenerated()
    {
        byte[] bytes = [0x0a, 4, 0x1a, 2, 0x0a, 0];
        Packet? read = null;
        var thread = new Thread(() => read = ReadFast(bytes));

        thread.Start();
        thread.Join();

        Assert.That(read, Is.EqualTo(Packet.Parser.ParseFrom(bytes)));
        Assert.That(read!.Frames[0].Start.Method, Is.Empty);
    }

    [FsCheck.NUnit.Property]
    public void ReceivedFrame_OfGenerated_SaysAll(int seed)
    {
        Packet packet = RandomPacket(new(seed));
        packet.Frames.Add(new Frame { CallId = 1, Cancel = new() });
        packet.Frames.Add(new Frame { Hello = new() { Version = 1 } });
        packet.Frames.Add(new Frame { FdCount = 1, Open = new() { ReplyTo = new() } });
        packet.Frames.Add(new Frame { FdCount = 1, Opened = new() { Session = new() } });
        packet.Frames.Add(new Frame { Restarted = new() });
        packet.Frames.Add(new Frame { CallId = 3 });

        Assert.That(ToPacket([.. packet.Frames.Select(ReceivedFrame.Of)]), Is.EqualTo(packet));
    }

    [FsCheck.NUnit.Property]
    public void OutgoingFrame_AnyMessage_AsGenerated(uint call, byte[] body)
    {
        body ??= [];
        var frame = new OutgoingFrame(call, Frame.MessageFieldNumber, body);
        byte[] written = new byte[frame.Size];

        frame.WriteTo(written);

        Assert.That(written, Is.EqualTo(new Frame { CallId = call, Message = ByteString.CopyFrom(body) }.ToByteArray()));
    }

    [FsCheck.NUnit.Property]
    public void Response_MutatedBytes_AsGenerated(int seed)
    {
        var random = new Random(seed);
        byte[] before = RandomResponse(random).ToByteArray();
        byte[] bytes = Mutated(random, before);

        // What was read before is not looked at again.
        _ = ClientConnectResponse.ParseKeepingLabels(before);
        Compare(
            bytes, b => ClientConnectResponse.ParseKeepingLabels(b), ClientConnectResponse.Parser, r => r.EncodedLabels,
            (r, labels) =>
            {
                r.EncodedLabels = null;
                r.Labels.Add(labels);
            });
        Compare(
            bytes, b => IngressConnectResponse.ParseKeepingLabels(b), IngressConnectResponse.Parser, r => r.EncodedLabels,
            (r, labels) =>
            {
                r.EncodedLabels = null;
                r.Labels.Add(labels);
            });
    }

    [FsCheck.NUnit.Property]
    public void Offer_MutatedBytes_AsGenerated(int seed)
    {
        var random = new Random(seed);
        byte[] before = new ServerStartResponse { Offer = RandomOffer(random) }.ToByteArray();
        byte[] bytes = Mutated(random, before);

        _ = ServerStartResponse.ParseKeepingLabels(before);
        Compare(
            bytes, b => ServerStartResponse.ParseKeepingLabels(b), ServerStartResponse.Parser, r => r.Offer?.EncodedLabels,
            (r, labels) =>
            {
                r.Offer.EncodedLabels = null;
                r.Offer.Labels.Add(labels);
            });
        Compare(
            bytes, b => EgressStartResponse.ParseKeepingLabels(b), EgressStartResponse.Parser, r => r.Offer?.EncodedLabels,
            (r, labels) =>
            {
                r.Offer.EncodedLabels = null;
                r.Offer.Labels.Add(labels);
            });
    }

    [FsCheck.NUnit.Property]
    public void Written_WithEncodedLabels_ReadsAsWithoutThem(int seed)
    {
        var random = new Random(seed);
        ClientConnectResponse plain = RandomResponse(random);
        ClientConnectResponse response = plain.Clone();
        response.EncodedLabels = EncodedLabels.Of([.. plain.Labels], ClientConnectResponse.LabelsFieldNumber);
        response.Labels.Clear();
        var offer = new ServerStartResponse { Offer = RandomOffer(random) };
        ServerStartResponse bare = offer.Clone();
        bare.Offer.EncodedLabels = EncodedLabels.Of([.. offer.Offer.Labels], Offer.LabelsFieldNumber);
        bare.Offer.Labels.Clear();

        Assert.That(ClientConnectResponse.Parser.ParseFrom(Written(response)), Is.EqualTo(plain));
        Assert.That(ServerStartResponse.Parser.ParseFrom(Written(bare)), Is.EqualTo(offer));
        Assert.That(
            ClientConnectResponse.ParseKeepingLabels(Written(response)).EncodedLabels!.ToLabels(), Is.EqualTo(plain.Labels));
    }

    [FsCheck.NUnit.Property]
    public void Labels_AsBeforeButForOne_AreReadAsTheyAre(int seed)
    {
        var random = new Random(seed);
        ClientConnectResponse response = RandomResponse(random);
        _ = ClientConnectResponse.ParseKeepingLabels(response.ToByteArray());
        if (response.Labels.Count > 0)
        {
            response.Labels[random.Next(response.Labels.Count)].Value = Word(random);
        }

        ClientConnectResponse read = ClientConnectResponse.ParseKeepingLabels(response.ToByteArray());

        Assert.That(read.EncodedLabels!.ToLabels(), Is.EqualTo(response.Labels));
        Assert.That(read.Socket, Is.EqualTo(response.Socket));
    }

    [FsCheck.NUnit.Property]
    public void Answer_MutatedBytes_AsGenerated(int seed)
    {
        var random = new Random(seed);
        byte[] bytes = Mutated(random, new ServerStartRequest { Answer = RandomAnswer(random) }.ToByteArray());

        Assert.That(
            TryParse(b => ServerStartRequest.Parse(b.ToArray()), bytes, out ServerStartRequest? read),
            Is.EqualTo(TryParse(b => ServerStartRequest.Parser.ParseFrom(b), bytes, out ServerStartRequest? whole)));
        Assert.That(read, Is.EqualTo(whole));
        Assert.That(
            TryParse(b => EgressStartRequest.Parse(b.ToArray()), bytes, out EgressStartRequest? fromEgress),
            Is.EqualTo(TryParse(b => EgressStartRequest.Parser.ParseFrom(b), bytes, out EgressStartRequest? wholeOfEgress)));
        Assert.That(fromEgress, Is.EqualTo(wholeOfEgress));
    }

    [FsCheck.NUnit.Property]
    public void Answer_Written_AsGenerated(int seed)
    {
        var request = new ServerStartRequest { Answer = RandomAnswer(new(seed)) };

        PacketState written = MessageCodec.Save(request, BoardMethods.ServerStart.RequestMarshaller, new());

        Assert.That(written.Bytes, Is.EqualTo(request.ToByteString()));
    }

    [FsCheck.NUnit.Property]
    public void Request_WithEncodedLabels_AsGenerated(int seed)
    {
        var random = new Random(seed);
        LabelSet labels = LabelSet.Create(
            Words.Where(w => w.Length > 0 && random.Next(2) == 0).Select(w => KeyValuePair.Create(w, Word(random))),
            Words.Where(w => w.Length > 0 && random.Next(3) == 0));

        Assert.That(
            Written(new ClientConnectRequest { EncodedLabels = labels.Encode(), Wait = true }),
            Is.EqualTo(new ClientConnectRequest { Labels = labels.ToMessage(), Wait = true }.ToByteArray()));
        Assert.That(
            Written(new IngressConnectRequest { EncodedLabels = labels.Encode(), Socket = new() }),
            Is.EqualTo(new IngressConnectRequest { Labels = labels.ToMessage(), Socket = new() }.ToByteArray()));
    }

    [FsCheck.NUnit.Property]
    public void Request_MutatedBytes_AsGenerated(int seed)
    {
        var random = new Random(seed);
        var request = new IngressConnectRequest
        {
            Labels = random.Next(4) == 0 ? null : new(),
            Socket = random.Next(2) == 0 ? new() { Index = (uint)random.Next(2) } : null,
            RelatedOnly = random.Next(2) == 0,
            Wait = random.Next(2) == 0,
            Relay = random.Next(2) == 0,
            Revocable = random.Next(2) == 0,
            Balance = (Balance)random.Next(5),
            MaxTries = (uint)random.Next(3) * 1000,
        };
        request.Labels?.Labels_.Add(RandomResponse(random).Labels);
        request.Labels?.RequiredKeys.Add(Words.Where(_ => random.Next(3) == 0));
        byte[] before = request.ToByteArray();
        byte[] bytes = random.Next(3) == 0 ? before : Mutated(random, before);

        // What was read before is not looked at again.
        _ = IngressConnectRequest.Parse(before);
        Assert.That(
            TryParse(b => IngressConnectRequest.Parse(b.ToArray()), bytes, out IngressConnectRequest? read),
            Is.EqualTo(TryParse(b => IngressConnectRequest.Parser.ParseFrom(b), bytes, out IngressConnectRequest? whole)));
        Assert.That(read, Is.EqualTo(whole));
    }

    [FsCheck.NUnit.Property]
    public void Find_AnyKey_AsDecoded(int seed)
    {
        var random = new Random(seed);
        ClientConnectResponse response = RandomResponse(random);
        EncodedLabels labels = ClientConnectResponse.ParseKeepingLabels(response.ToByteArray()).EncodedLabels!;

        foreach (string word in Words)
        {
            Assert.That(labels.Find(word), Is.EqualTo(response.Labels.FirstOrDefault(l => l.Key == word)?.Value), word);
        }
    }

    [FsCheck.NUnit.Property]
    public void Join_OfId_AsEncodedAtOnce(ulong id, int seed)
    {
        Label[] before = [.. RandomResponse(new(seed)).Labels];
        string text = id.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Label label = new() { Key = "flower.connection_id", Value = text, Source = Source.Attested };

        EncodedLabels joined = EncodedLabels.Join(
            EncodedLabels.Of(before, 2), label.Key, text, Source.Attested, EncodedLabels.Of(before, 2), 2);

        Assert.That(Bytes(joined), Is.EqualTo(Bytes(EncodedLabels.Of([.. before, label, .. before], 2))));
    }

    private static void Compare<T>(
        byte[] bytes, Func<byte[], T> keeping, MessageParser<T> parser, Func<T, EncodedLabels?> labels,
        Action<T, IEnumerable<Label>> give)
        where T : class, IMessage<T>
    {
        bool isGood = TryParse(b => parser.ParseFrom(b), bytes, out T? whole);

        Assert.That(TryParse(b => keeping(b.ToArray()), bytes, out T? kept), Is.EqualTo(isGood));
        if (kept is not null && labels(kept) is EncodedLabels encoded)
        {
            give(kept, encoded.ToLabels());
        }

        Assert.That(kept, Is.EqualTo(whole));
    }

    private delegate T? Parse<T>(ReadOnlySpan<byte> bytes);

    // False: it is malformed.
    private static bool TryParse<T>(Parse<T> parse, byte[] bytes, out T? message)
        where T : class
    {
        try
        {
            message = parse(bytes);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            message = null;
            return false;
        }
    }

    private static byte[] Written(ILabelCarrier message)
    {
        byte[] bytes = new byte[message.MeasureWithLabels()];
        message.WriteWithLabels(bytes);
        return bytes;
    }

    private static byte[] Bytes(EncodedLabels labels)
    {
        byte[] bytes = new byte[labels.Size];
        labels.CopyTo(bytes);
        return bytes;
    }

    // Few bytes, so that most of it is still what it was; small numbers, so that many of them are tags.
    private static byte[] Mutated(Random random, byte[] bytes)
    {
        List<byte> left = [.. bytes];
        for (int i = random.Next(3); i > 0 && left.Count > 0; i--)
        {
            int at = random.Next(left.Count);
            switch (random.Next(4))
            {
                case 0:
                    left[at] = (byte)random.Next(256);
                    break;
                case 1:
                    left[at] = (byte)random.Next(40);
                    break;
                case 2:
                    left.RemoveAt(at);
                    break;
                default:
                    left.InsertRange(at, left.GetRange(at, Math.Min(random.Next(1, 30), left.Count - at)));
                    break;
            }
        }

        return [.. left];
    }

    private static Packet? ReadFast(ReadOnlySpan<byte> bytes)
    {
        var frames = new List<ReceivedFrame>();
        return FrameReader.TryRead(bytes.ToArray(), frames) ? ToPacket(frames) : null;
    }

    private static Packet ToPacket(List<ReceivedFrame> frames) => new() { Frames = { frames.Select(ToFrame) } };

    private static Frame ToFrame(ReceivedFrame received)
    {
        var frame = new Frame { CallId = received.CallId, FdCount = received.FdCount };
        switch (received.Kind)
        {
            case Frame.KindOneofCase.Message:
                frame.Message = ByteString.CopyFrom(received.Message.Span);
                break;
            case Frame.KindOneofCase.HalfClose:
                frame.HalfClose = new();
                break;
            case Frame.KindOneofCase.Cancel:
                frame.Cancel = new();
                break;
            case Frame.KindOneofCase.Start:
                frame.Start = (Start)received.Said!;
                break;
            case Frame.KindOneofCase.Credit:
                frame.Credit = (Credit)received.Said!;
                break;
            case Frame.KindOneofCase.Status:
                frame.Status = (Status)received.Said!;
                break;
            case Frame.KindOneofCase.Open:
                frame.Open = (Open)received.Said!;
                break;
            case Frame.KindOneofCase.Hello:
                frame.Hello = (Hello)received.Said!;
                break;
            case Frame.KindOneofCase.Restarted:
                frame.Restarted = (Restarted)received.Said!;
                break;
            case Frame.KindOneofCase.Opened:
                frame.Opened = (Opened)received.Said!;
                break;
        }

        return frame;
    }

    private static Packet RandomPacket(Random random)
    {
        var packet = new Packet();
        for (int i = random.Next(4); i > 0; i--)
        {
            var frame = new Frame { CallId = (uint)random.Next(300), FdCount = (uint)random.Next(2) };
            switch (random.Next(6))
            {
                case 0:
                    frame.Start = new() { Method = random.Next(4) == 0 ? "" : "/a/" + Word(random), Credit = (uint)random.Next(3) };
                    break;
                case 1:
                    frame.HalfClose = new();
                    break;
                case 2:
                    frame.Status = new() { Code = (uint)random.Next(3), Message = Word(random) };
                    break;
                case 3:
                    frame.Credit = new() { Messages = (uint)random.Next(3) };
                    break;
                default:
                    frame.Message = RandomResponse(random).ToByteString();
                    break;
            }

            packet.Frames.Add(frame);
        }

        return packet;
    }

    private static ClientConnectResponse RandomResponse(Random random)
    {
        var response = new ClientConnectResponse();
        foreach (string key in Words.Where(_ => random.Next(2) == 0))
        {
            response.Labels.Add(new Label { Key = key, Value = Word(random), Source = (Source)random.Next(4) });
        }

        response.Socket = random.Next(2) == 0 ? new() { Index = (uint)random.Next(2) } : null;
        return response;
    }

    private static Offer RandomOffer(Random random) => new()
    {
        ConnectionId = random.Next(5) == 0 ? ulong.MaxValue : (ulong)random.Next(),
        Labels = { RandomResponse(random).Labels },
        Socket = random.Next(2) == 0 ? new() : null,
        TraceParent = Word(random),
    };

    private static Answer RandomAnswer(Random random)
    {
        var answer = new Answer
        {
            ConnectionId = random.Next(5) == 0 ? ulong.MaxValue : (ulong)random.Next(300),
            Credit = (uint)random.Next(3) * 100,
        };
        switch (random.Next(4))
        {
            case 0:
                answer.Reject = new() { Reason = Word(random) };
                break;
            case 1:
                answer.Accept = new() { Socket = new() { Index = (uint)random.Next(2) } };
                break;
            default:
                answer.Accept = new();
                break;
        }

        return answer;
    }

    private static string Word(Random random) => Words[random.Next(Words.Length)];
}
