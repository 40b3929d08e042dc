// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A daemon that takes the place of another one while that explains.</summary>
internal sealed class ReplaceExplainTests : EndToEndTest
{
    [Test]
    public async Task Replace_WhileSomethingIsExplained_TellsOfEachTargetOnce()
    {
        const int Targets = 400;
        await using Handle handle = await Board.OpenAsync();
        var listeners = new List<Listener>();
        for (int i = 0; i < Targets; i++)
        {
            listeners.Add(await handle.ListenAsync(LabelSet.ParseWords([$"service={i}", "blob=" + new string('x', 4000)])));
        }

        // More slices than the switchboard may send before they are read.
        await using SessionChannel channel = SessionChannel.ConnectPath(Board.Handle);
        using AsyncServerStreamingCall<ExplainResponse> call =
            new Flower.Protocol.V1.Switchboard.SwitchboardClient(channel).Explain(new());
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Within(), Is.True);
        Verdict verdict = call.ResponseStream.Current.Verdict;

        await Board.ReplaceAsync();

        List<ExplainResponse> parts = await call.ResponseStream.ReadAllAsync().ToListAsync();
        Assert.That(verdict.Code, Is.EqualTo((int)StatusCode.FailedPrecondition));
        Assert.That(parts, Has.Count.GreaterThan(32));
        Assert.That(parts.Select(p => p.Verdict), Is.All.Null);
        Assert.That(
            parts.SelectMany(p => p.Targets).Select(t => t.Target.Labels.Single(l => l.Key == "service").Value),
            Is.EqualTo(Enumerable.Range(0, Targets).Select(i => i.ToString(CultureInfo.InvariantCulture))));
        foreach (Listener listener in listeners)
        {
            await listener.DisposeAsync();
        }
    }
}
