// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Client;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Clients that wait for a server.</summary>
internal sealed class WaitingTests : BoardFixture
{
    [Test]
    public async Task Connect_AThousandWait_OneServerServesAllInOrder()
    {
        const int Count = 1000;
        var waiting = new Task<Connection>[Count];
        for (int i = 0; i < Count; i++)
        {
            waiting[i] = Root.ConnectAsync(Labels("service=rare", $"n={i}"), new() { Wait = true });
        }

        await using Handle other = await OpenAsync();
        await using Listener server = await other.ListenAsync(Labels("service=rare"), new() { Credit = 4 });
        for (int i = 0; i < Count; i++)
        {
            IncomingConnection incoming = await NextAsync(server);
            Assert.That(incoming.Labels["n"], Is.EqualTo(i.ToString(CultureInfo.InvariantCulture)));
            using Connection atServer = await incoming.AcceptAsync();
            using Connection atClient = await waiting[i].Soon();
        }
    }
}
