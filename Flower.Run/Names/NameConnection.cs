// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Net.Sockets;

namespace Flower.Run.Names;

/// <summary>
/// One TCP connection to a box's name server (RFC 7766): questions with their length before them, any number, one after
/// another or at once, answered in order. A peer that does not read is not read from. Owns its socket.
/// </summary>
internal sealed class NameConnection : IDisposable
{
    private const int PrefixBytes = sizeof(ushort);

    // Far more than a question with its options and padding (RFC 8467) has.
    private const int MaxQuestionBytes = 4094;
    private const int MaxAnswerBytes = PrefixBytes + DnsMessage.MaxAnswerBytes;

    private readonly Socket _socket;
    private readonly SyntheticNames _names;
    private readonly TimeSpan _idleLimit;
    private readonly CancellationTokenSource _stop;
    private readonly byte[] _questions = new byte[PrefixBytes + MaxQuestionBytes];
    private readonly byte[] _answers = new byte[8 * MaxAnswerBytes];
    private int _questionBytes;
    private int _answerBytes;

    /// <summary>A connection that nobody else touches from here on.</summary>
    public NameConnection(Socket socket, SyntheticNames names, TimeSpan idleLimit, CancellationToken cancellation)
    {
        _socket = socket;
        _names = names;
        _idleLimit = idleLimit;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    }

    /// <summary>Ends when the connection has.</summary>
    public Task Ended { get; set; } = Task.CompletedTask;

    /// <summary>Answers until the peer has asked all, breaks a rule, is idle for too long, or is stopped.</summary>
    /// <param name="answered">Called for questions with an answer, before the peer can have it.</param>
    public async Task RunAsync(Action answered)
    {
        try
        {
            _stop.CancelAfter(_idleLimit);
            while (await ReceiveAsync())
            {
                await AnswerAsync(answered);

                // As for datagrams: nobody keeps a thread for himself.
                await Task.Yield();
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or InvalidDataException)
        {
            // Each is an end like any other: the peer is gone, or has to go.
        }
        finally
        {
            _socket.Dispose();
        }
    }

    /// <summary>Ends it soon. Not after <see cref="Dispose"/>.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Frees what it has, after its end.</summary>
    public void Dispose() => _stop.Dispose();

    private async Task<bool> ReceiveAsync()
    {
        int received = await _socket.ReceiveAsync(_questions.AsMemory(_questionBytes), _stop.Token);
        _questionBytes += received;
        return received > 0;
    }

    // Answers all questions that are there in full.
    private async Task AnswerAsync(Action answered)
    {
        bool hasAnswered = false;
        int at = 0;
        while (TryTake(ref at, out ReadOnlyMemory<byte> question))
        {
            if (_answers.Length - _answerBytes < MaxAnswerBytes)
            {
                await SendAsync();
            }

            int length = DnsMessage.Answer(question.Span, _names, _answers.AsSpan(_answerBytes + PrefixBytes));
            if (length > 0)
            {
                BinaryPrimitives.WriteUInt16BigEndian(_answers.AsSpan(_answerBytes), (ushort)length);
                _answerBytes += PrefixBytes + length;
                hasAnswered = true;
            }
        }

        _questions.AsSpan(at, _questionBytes - at).CopyTo(_questions);
        _questionBytes -= at;
        if (hasAnswered)
        {
            // Bytes alone are not enough: who trickles them is idle.
            answered();
            _stop.CancelAfter(_idleLimit);
        }

        await SendAsync();
    }

    private bool TryTake(ref int at, out ReadOnlyMemory<byte> question)
    {
        question = default;
        if (_questionBytes - at < PrefixBytes)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(_questions.AsSpan(at));
        if (length > MaxQuestionBytes)
        {
            throw new InvalidDataException("too long for a question");
        }

        if (_questionBytes - at - PrefixBytes < length)
        {
            return false;
        }

        question = _questions.AsMemory(at + PrefixBytes, length);
        at += PrefixBytes + length;
        return true;
    }

    private async Task SendAsync()
    {
        for (int sent = 0; sent < _answerBytes;)
        {
            sent += await _socket.SendAsync(_answers.AsMemory(sent, _answerBytes - sent), _stop.Token);
        }

        _answerBytes = 0;
    }
}
