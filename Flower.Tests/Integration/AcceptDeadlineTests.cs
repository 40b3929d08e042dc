// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Targets that do not answer in time.</summary>
internal sealed class AcceptDeadlineTests : BoardFixture
{
    protected override TimeSpan AcceptDeadline => ShortDeadline;

    [TestCase(0)]
    [TestCase(128)]
    public async Task Server_Silent_DeadlineExceededAndTheServerSeesTheWithdrawal(int credit)
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));
        IncomingConnection pending = await NextAsync(listener);

        FlowerException e = await Refused(connecting);

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        Assert.That(e.Message, Does.Contain("0.2 seconds"));
        Waiting.Until(() => pending.IsWithdrawn, "the offer stands");
    }

    [Test]
    public async Task Server_SilentOnAPush_DeadlineExceededAndTheSocketIsClosed()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;

        FlowerException e = await Refused(Root.PushDescriptorAsync(given, Labels("a=1")));

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        AssertClosed(kept);
    }

    [Test]
    public async Task Egress_Silent_DeadlineExceededAndTheEgressSeesTheWithdrawal()
    {
        await using Client.Egress egress = await Root.StartEgressAsync(Labels("a=1"), new() { FixedDestination = true }).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));
        EgressRequest pending = await NextAsync(egress);

        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        Waiting.Until(() => pending.Cancelled.IsCancellationRequested, "the offer stands");
    }
}
