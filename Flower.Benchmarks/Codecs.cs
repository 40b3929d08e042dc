// SPDX-License-Identifier: BSD-2-Clause
using BenchmarkDotNet.Attributes;
using Flower.Protocol;
using Flower.Protocol.V1;
using Google.Protobuf;

namespace Flower.Benchmarks;

/// <summary>The labels and the packets of one connect.</summary>
[MemoryDiagnoser]
public class Codecs
{
    private Labels _message = null!;
    private LabelSet _client = null!;
    private LabelSet _server = null!;
    private byte[] _request = null!;
    private Packet _answer = null!;
    private byte[] _buffer = null!;

    /// <summary>How many labels each side states.</summary>
    [Params(2, 16)]
    public int Count { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        _client = LabelSet.Create(Enumerable.Range(0, Count).Select(i => KeyValuePair.Create($"key{i:D2}", $"value {i}")));
        _server = LabelSet.Create(Enumerable.Range(0, Count).Select(i => KeyValuePair.Create($"key{i:D2}.s", $"value {i}")));
        _message = _client.ToMessage();
        _request = new Packet
        {
            Frames =
            {
                new Frame { CallId = 1, Start = new Start { Method = "/flower.v1.Switchboard/ClientConnect" } },
                new Frame { CallId = 1, Message = new ClientConnectRequest { Labels = _message }.ToByteString() },
                new Frame { CallId = 1, HalfClose = new HalfClose() },
            },
        }.ToByteArray();
        var response = new ClientConnectResponse { Labels = { _client.ToMessage().Labels_, _server.ToMessage().Labels_ } };
        _answer = new Packet
        {
            Frames =
            {
                new Frame { CallId = 1, FdCount = 1, Message = response.ToByteString() },
                new Frame { CallId = 1, Status = new Status() },
            },
        };
        _buffer = new byte[_answer.CalculateSize()];
    }

    /// <summary>A set from its message, with all its checks.</summary>
    [Benchmark]
    public LabelSet ReadLabels() => LabelSet.FromMessage(_message);

    /// <summary>The union of both sides' labels.</summary>
    [Benchmark]
    public LabelSet MergeLabels() => _client.Merge(_server, out _);

    /// <summary>A request's packet, and the message in it.</summary>
    [Benchmark]
    public ClientConnectRequest ReadRequest() =>
        ClientConnectRequest.Parser.ParseFrom(Packet.Parser.ParseFrom(_request).Frames[1].Message);

    /// <summary>An answer's packet.</summary>
    [Benchmark]
    public int WriteAnswer()
    {
        _answer.WriteTo(_buffer.AsSpan());
        return _buffer.Length;
    }
}
